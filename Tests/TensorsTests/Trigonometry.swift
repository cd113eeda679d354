import Foundation

func cosine(_ x: Float) -> Float { Float(cos(Double(x))) }
func sine(_ x: Float) -> Float { Float(sin(Double(x))) }
