import CKernels
import Tensors
import TestSupport
import Testing

/// Conversions between float32 and the storage types of checkpoints: exact, every value of the 16-bit types.
@Suite struct ConversionTests {
    private let halves = (UInt16.min...UInt16.max).map { $0 }

    @Test func widensEveryHalf() {
        let out = Guarded(count: halves.count)
        ck_f32_from_f16(out.base, halves, halves.count)
        expectHalves(out)
    }

    /// Loops on the pool treat subnormal float32 values as zero; subnormal halves are normal in float32 and must survive.
    @Test func widensEveryHalfOnThePool() {
        let out = Guarded(count: halves.count)
        let piece = halves.count / 8
        halves.withUnsafeBufferPointer { halves in
            let (to, from) = (out.base, halves.baseAddress!)
            parallelFor(8) { ck_f32_from_f16(to + $0 * piece, from + $0 * piece, piece) }
        }
        expectHalves(out)
    }

    private func expectHalves(_ out: Guarded) {
        #expect(out.isIntact)
        let wrong = zip(halves, out.values).filter { half, value in
            let expected = Float(Float16(bitPattern: half))
            return expected.isNaN ? !value.isNaN : value.bitPattern != expected.bitPattern
        }
        #expect(wrong.isEmpty, "\(wrong.count) halves, the first \(wrong.first.map { "\($0)" } ?? "")")
    }

    @Test func widensEveryBfloat() {
        let out = Guarded(count: halves.count)
        ck_f32_from_bf16(out.base, halves, halves.count)
        #expect(out.isIntact)
        #expect(zip(halves, out.values).allSatisfy { $1.bitPattern == UInt32($0) << 16 })
    }

    @Test func readsUnalignedSources() {
        var random = CounterRandom(seed: 3)
        let doubles = random.normals(37).map { Double($0) * 1.1 }
        let halves = doubles.map { Float16($0).bitPattern }
        func shifted<Value>(_ values: [Value]) -> [UInt8] { [0] + values.withUnsafeBytes { Array($0) } }
        let (a, b, c) = (Guarded(count: 37), Guarded(count: 37), Guarded(count: 37))
        shifted(doubles).withUnsafeBytes { ck_f32_from_f64(a.base, $0.baseAddress! + 1, 37) }
        shifted(halves).withUnsafeBytes { ck_f32_from_f16(b.base, $0.baseAddress! + 1, 37) }
        shifted(halves).withUnsafeBytes { ck_f32_from_bf16(c.base, $0.baseAddress! + 1, 37) }
        #expect(a.isIntact && b.isIntact && c.isIntact)
        #expect(a.values == doubles.map { Float($0) })
        #expect(b.values == halves.map { Float(Float16(bitPattern: $0)) })
        #expect(c.values == halves.map { Float(bitPattern: UInt32($0) << 16) })
    }

    @Test func narrowsToTheNearestHalf() {
        var random = CounterRandom(seed: 4)
        // Every half, the points midway between neighbours, and values around both; any bit pattern besides.
        var values: [Float] = []
        for half in UInt16(0)..<0x7C00 {
            let low = Float(Float16(bitPattern: half))
            let high = half == 0x7BFF ? 65536 : Float(Float16(bitPattern: half + 1))
            let middle = (low + high) / 2
            values += [low, middle, middle.nextUp, -middle, (-middle).nextDown]
        }
        values += [.infinity, -.infinity, .nan, -.nan, 0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
        values += (0..<200_000).map { _ in Float(bitPattern: random.next32()) }
        var out = [UInt16](repeating: 0, count: values.count)
        ck_f16_from_f32(&out, values, values.count)
        let wrong = zip(values, out).filter { value, half in
            let expected = Float16(value)
            return expected.isNaN ? !Float16(bitPattern: half).isNaN : half != expected.bitPattern
        }
        #expect(wrong.isEmpty, "\(wrong.count) values, the first \(wrong.first.map { "\($0)" } ?? "")")
    }

    @Test func narrowsToTheNearestBfloat() {
        var random = CounterRandom(seed: 5)
        var values = (0..<200_000).map { _ in Float(bitPattern: random.next32()) }
        // Ties, and NaN whose payload lies in the bits that are cut off.
        values += (0..<1000).map { _ in Float(bitPattern: random.next32() & 0xFFFF_0000 | 0x8000) }
        values += [Float(bitPattern: 0x7F80_0001), Float(bitPattern: 0xFF80_0001), .infinity, -.infinity, .nan]
        var out = [UInt16](repeating: 0, count: values.count)
        ck_bf16_from_f32(&out, values, values.count)
        let wrong = zip(values, out).filter { value, narrow in
            let back = Float(bitPattern: UInt32(narrow) << 16)
            if value.isNaN || back.isNaN { return value.isNaN != back.isNaN }
            let low = value.bitPattern & 0xFFFF_0000
            let rest = value.bitPattern & 0xFFFF
            let up = rest > 0x8000 || rest == 0x8000 && low & 0x10000 != 0
            return back.bitPattern != (up ? low &+ 0x10000 : low)
        }
        #expect(wrong.isEmpty, "\(wrong.count) values, the first \(wrong.first.map { "\($0)" } ?? "")")
    }

    @Test func findsWhatIsNotFinite() {
        var values = [Float](repeating: 1, count: 100)
        var first = 0
        #expect(ck_count_nonfinite_f32(values, 100, &first) == 0 && first == 100)
        values[17] = .nan
        values[40] = -.infinity
        values[99] = .infinity
        #expect(ck_count_nonfinite_f32(values, 100, &first) == 3 && first == 17)
        #expect(ck_count_nonfinite_f32(values, 0, &first) == 0 && first == 0)
    }
}
