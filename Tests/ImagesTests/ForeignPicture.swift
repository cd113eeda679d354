import Foundation
import Images
import Testing

/// A picture of 20 by 12 pixels that another program encoded (Pillow), and the pixels that the same program reads in it.
struct ForeignPicture: CustomTestStringConvertible, Sendable {
    let name: String
    let format: ImageFormat
    /// 3 (RGB) or 4 (RGBA).
    let channels: Int
    /// `[12, 20, channels]`
    let pixels: [UInt8]
    let bytes: [UInt8]

    static let width = 20
    static let height = 12

    /// - Parameters: base64 in lines.
    private init(name: String, format: ImageFormat, channels: Int, file: String, pixels: String) {
        func bytes(_ text: String) -> [UInt8] { [UInt8](Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data()) }
        self.name = name
        self.format = format
        self.channels = channels
        self.pixels = bytes(pixels)
        self.bytes = bytes(file)
    }

    var testDescription: String { name }

    static func named(_ name: String) throws -> ForeignPicture { try #require(all.first { $0.name == name }) }

    static let all = [
        ForeignPicture(
            name: "JPEG, baseline 4:4:4", format: .jpeg, channels: 3,
            file: """
                /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUV
                DA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU
                FBT/wAARCAAMABQDAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQID
                AAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlq
                c3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3
                +Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEI
                FEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImK
                kpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDx
                DQfgOfl/0b9K/snOOLN/ePzPh7ivb3j0fQfgP93/AEf9K/D844s394/prh7iv4feO8s/gOfs6/6P+lfkGK4s/ev3j+gsFxX+5XvHtWg+
                DtL+X9xX0OcZlidfeP8ADrh7McRp7x6PoHg7Szt/cV+HZxmWJ194/pnh7MsR7vvHeWfg7S/IX9xX5DisyxPtX7x/QeBzHEewXvH/2Q==
                """,
            pixels: """
                AQD8CwH4GgHyJwHsNQDmQwHhUQDZWwHVagHNdwHJiADClQC8oAG2rQCxvgCqyQCm2ACf5AGZ8wGT/QKNAxX9DBX2GxbvKRbrNxXlRRTf
                UxXYXBXTaxbMeBXHiRXAlhW6oRW0rhWuvhSoyhSk2BSc5BWX9BaR/hWKAS/2Ci/xGi/qKS/lNi/fRC7ZUi/TWy/Oai/Fdy/Bhy+6lC61
                ny+vrC6pvS6iyi2e2C2X4i6R8S6K/S+EAEXyC0bsGUbnJ0bfNEXZQkXUUUXNW0bJakbCd0a8h0S3lEWwnkaqq0akvEaeyUWZ10SS4kWM
                8kWF/EZ/AVvvC1zrGVvjKVzcNVvYRFrRUVvKXVvGbFy/d1y7iFy1lVytoFyprl2ivluby1uW2VqR41uL8lyC/Vx+AXLqC3PmGHPeKHPZ
                NHPUQ3LMUnLFXHPBa3O7eHO2iHKwlXKqn3OkrHOcvXOWyXKS2HGM43KG83R//HN6AY3lCozgGI3aJ43VNYzPQo3HUY3BWo28ao21doyx
                h4yqlIykno2fq42Xu42QyIyM14yH44yC8o15/I51A6LkDKLfG6LZKKLTNqHNRKLGU6LAXKK7aqKzd6GviKGolaCioKGcraGVvaCOyaCK
                2KCF46F/86J3/qJzAbjgC7nbGrrUJ7rONbnIQrjCUbm8W7m4bLmvdriqh7ijlbmfn7iYrbmRvbmKybeF1rmB4bl78rl0/bluAM7bCs/X
                Gc/QKM7KNM7EQ829UM62Ws+ya8+rd8+nhs6glM+Zn8+TrM+Nvc6Hyc2B1c594M938c9u/M9qAerVC+vRGerKJ+vDNeq/Quq3UeqxW+ut
                auymduqfh+qalOqTn+qNreuIveqByOp81up34etx8utp/OpkAfzRC/3NGv3GJ/3BNfy7RPy2UfyuW/2qav2id/2eh/uWlfyRn/2Lrf2E
                vP19yfx51/104v1u8vxn/f1h
                """),
        ForeignPicture(
            name: "JPEG, baseline 4:2:2", format: .jpeg, channels: 3,
            file: """
                /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSop
                GR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo
                KCj/wAARCAAMABQDASEAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQID
                AAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlq
                c3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3
                +Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEI
                FEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImK
                kpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDh
                7Dwf0/d/pXSWHg/p+7/Svvs7znfUOGs421N6Hwf+7H7v9KK/PJ5z7z1P1ynnHuLU7Ww0u14+SujsNMtePkrnzvFVNdT+W+GsVU01N6HT
                LXyx8lFfnk8VU5nqfrlPFVORan//2Q==
                """,
            pixels: """
                BwD3DQD1FgHyIwHsMQDlQQHeTQDYXADSaQLPdgDIhADDkgC7nwC0rQGvtwGrxQCl1wCb5ACX7AKV8gSWCBT2EBX1GhbvJxfrNBflQhbd
                UBfYXhbSaxfNeRbIhhbClRa7ohazrxauuhiryBel2RaZ5hWV7xmT9BqUByvvDy3vFy/pJTDkMjDcQC/XTjDQXC7MaDDHdy/Bgy+7ky+1
                oS6tri6ntzGkxjCe1y6T4y6P7TKN8TONBULqDUTpGEXmJEXgMUXYP0XRTUXMW0TGaEbBdkW7hEW3kkWvn0WnrEWht0aexUWY1kSN5ESK
                7EeJ8UiJCVrqEFvqG13lKF3fNV3XQ1zSUV3LX1zHbF7Aely8iF22llywo1yor1yiul6fyV2Z2luO51uK8F+I9WCICG/lEHHkGXTfJnTZ
                NHPURHPNUHPHX3LBa3O8eXK2h3OylXKqonKisHOduHSZx3OU2nKJ53KF73WE9XeFBojeDYreGIzZJYvTMozLQYzGToy/XIq7aYy2d4uw
                hYurk4ujoIucrYyXt4yTxouN2IuD5Ip/7Y5885B9CZ/eEKDdGqHYKKLTNaLLQ6HFUaK/XqC6a6O0eqGwhqGolqGjpKGcsaCWuqOTx6GM
                2aCC5qB+7qN79KV8CbbYELfXGrrSJ7rMNLrFQrm/ULq4Xrm0bLqteripiLmjlrido7mVsLiPubuMx7qG2Lh75rl47rx18711CcvUEM3T
                GM/NJs/IM8/BQc67T9C0XM2vatCpd86khc+elM+Zos6Rr86LudGHxs+A2M535c1z7dFw89JxB+fNDujNGOvKJOvEM+q8Qem1T+qwXemq
                aeuld+qfhOmZlOqToOqLremFuOuCxup81+lz5Ohv7ext8u1tCPnMD/vLGv3IJ/zCNPy7QvyzUP2uXvyoafyjePudhfyYlPuQofuJrvyE
                uP2Ax/x62ftx5fpt7v5q8/9r
                """),
        ForeignPicture(
            name: "JPEG, progressive 4:2:0", format: .jpeg, channels: 3,
            file: """
                /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSop
                GR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo
                KCj/wgARCAAMABQDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABQYA/8QAFgEBAQEAAAAAAAAAAAAAAAAABgQF/9oADAMBAAIQ
                AxAAAAENKpStzpPXeOrf/8QAGhAAAgMBAQAAAAAAAAAAAAAAAAIBAwQRIf/aAAgBAQABBQJMYmMjH4lSiVqRWvP/xAAXEQADAQAAAAAA
                AAAAAAAAAAAAAgUR/9oACAEDAQE/AZtNxab4f//EABkRAAIDAQAAAAAAAAAAAAAAAAACAQQFEf/aAAgBAgEBPwG7qOTpv0//xAAWEAEB
                AQAAAAAAAAAAAAAAAAAxACD/2gAIAQEABj8CIjH/xAAXEAEBAQEAAAAAAAAAAAAAAAAAURBB/9oACAEBAAE/IdkiVO5z/9oADAMBAAIA
                AwAAABAgP//EABYRAQEBAAAAAAAAAAAAAAAAAAARIf/aAAgBAwEBPxDIgv/EABYRAQEBAAAAAAAAAAAAAAAAAAARIf/aAAgBAgEBPxDY
                uP/EABgQAQADAQAAAAAAAAAAAAAAAAAhMcER/9oACAEBAAE/EKsKsIGERjPEf//Z
                """,
            pixels: """
                AATsBAXrDwfmHAfgKQfYOAfSRQfOUgfGYgfEbga7fAe4igaxmAappQeksAegvQeYzQeQ2geI4gqJ6AyIBxX0DhfyGBfuJRnpMxjhQBjZ
                TxjVXBjPaRnKeBjEhBe+lBe5oheyrResuBmpxRmh1hiW4xeQ7BuQ8RyQDCj1Eyr0HSvwKSzpNyziRCzcUyzXYCvRbizMeyzGiSvBmCu6
                pSuysiusvS2pyi2i2yuY5iuS8S+S9jCRDD3yEj/wHUHtKULlN0HgREHYU0HTYEHNbUHIfEHCi0G+mEG2pkCwsUCovEKlyUKe2kGU6EGP
                8kOO9UWODFfuE1nsHlvpKlzhOFvbRVvTVFvPYVvJblvGe1vAilu5l1uxpVqsslqkvVyhylyb21qS51uM8V6L9WCKCG/lEHHkG3PfJnTZ
                NHPSQnTNUHPHXXLBa3O8eHO2h3OylHOqonKisHOdunSZx3SS2XOL5HOF7nWE8niDBojcDIvcF4zZIo3TMIzLQI3FToy/W4u5aYy0dYyu
                hYypkYyioIuarI2Vto2RxI2K1oyD4ox964588JF9BqHXDKTWFqTSIqbNMKXGPaW+TaW5WqOyaaWwdaWphKSjkaWcoKSVq6WPtqaMwqWF
                1KR84aR36qZ376l2BrjUDLrTF7zPI73JMbzDPry7Tby2WryvaLysdLymhLyhkruZoLuSq7uMtr2Jw72B1Lt54bx16r5z779zB8zSDs7R
                GM/LJdDHM8/BQNC5T9C0W86tatCpds+jhc+ek9CXoc+Prs+KudGHxM+A1s934s9x69Fy8NRxDuLWFePWIOXRK+bLOuXDRuW9VuW5YuWz
                cOWufeWoi+Sim+Sbp+SUtOSOv+aLzOaF3eR86OR28+d3+Ol2FfDcHPHbJ/TWNPPRQPPJT/PBXPO+afO4d/KzhPGtkvKooPKgrfKZu/KU
                xfOQ0/KK5PKB8fJ7+fR8//d7
                """),
        ForeignPicture(
            name: "JPEG, grey", format: .jpeg, channels: 3,
            file: """
                /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8f
                ExciJCIeJBweHx7/wAALCAAMABQBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9
                AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZn
                aGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP0
                9fb3+Pn6/9oACAEBAAA/APPNL8B9P3P6V1el+A+n7n9K6S38B/uh+5/SvQNL0ew4/dV1Wl6PYcfuq6S30ew8ofuq/9k=
                """,
            pixels: """
                HR0dICAgIyMjJycnKioqLS0tMTExMzMzODg4Ozs7Pj4+QkJCRUVFSEhITExMTk5OUlJSVVVVWVlZXFxcKioqLCwsMDAwMzMzNjY2Ojo6
                Pj4+QEBARUVFR0dHS0tLTk5OUVFRVVVVWFhYW1tbX19fYmJiZmZmaGhoNzc3Ojo6PT09QUFBRERER0dHS0tLTk5OUlJSVVVVWFhYXFxc
                X19fYmJiZmZmaGhobGxsb29vc3NzdnZ2RERER0dHSkpKTk5OUVFRVFRUWFhYWlpaX19fYWFhZWVlaGhobGxsb29vc3NzdXV1eXl5fHx8
                gICAg4ODUlJSVFRUWFhYW1tbX19fYmJiZmZmaGhobW1tb29vc3NzdnZ2enp6fX19gYGBg4ODh4eHioqKjo6OkZGRX19fYWFhZWVlaGho
                a2trb29vcnJydXV1enp6fHx8gICAg4ODhoaGioqKjY2NkJCQlJSUl5eXm5ubnZ2dbGxsb29vcnJydnZ2eXl5fHx8gICAg4ODh4eHioqK
                jY2NkZGRlJSUl5eXm5ubnZ2doaGhpKSkqKioq6ureXl5e3t7f39/goKChoaGiYmJjY2Nj4+PlJSUlpaWmpqanZ2doKCgpKSkp6enqqqq
                rq6usbGxtbW1t7e3h4eHiYmJjY2NkZGRlJSUl5eXm5ubnZ2doaGhpKSkp6enq6urrq6usbGxtbW1uLi4vLy8v7+/wsLCxcXFk5OTlZWV
                mZmZnJycoKCgo6Ojp6enqampra2tsLCws7Ozt7e3urq6vb29wcHBw8PDx8fHysrKzs7O0dHRoqKipaWlqamprKysr6+vs7Oztra2ubm5
                vb29v7+/w8PDxsbGycnJzc3N0NDQ09PT19fX2tra3t7e4ODgra2tr6+vs7Oztra2urq6vb29wcHBw8PDx8fHysrKzc3N0dHR1NTU19fX
                29vb3d3d4eHh5OTk6Ojo6+vr
                """),
        ForeignPicture(
            name: "JPEG, progressive grey", format: .jpeg, channels: 3,
            file: """
                /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8f
                ExciJCIeJBweHx7/wgALCAAMABQBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABQb/2gAIAQEAAAABnVkqBVL/xAAZEAADAQEBAAAAAAAA
                AAAAAAAAAgMEESH/2gAIAQEAAQUClgJYBcHkooSigsU5/8QAFRABAQAAAAAAAAAAAAAAAAAAADH/2gAIAQEABj8CiIiI/8QAFBABAAAA
                AAAAAAAAAAAAAAAAIP/aAAgBAQABPyFEiRE//9oACAEBAAAAEIP/xAAYEAEAAwEAAAAAAAAAAAAAAAAAITHBEf/aAAgBAQABPxCjCjCD
                hBYLw3//2Q==
                """,
            pixels: """
                HR0dICAgIyMjJycnKioqLS0tMTExMzMzODg4Ozs7Pj4+QkJCRUVFSEhITExMTk5OUlJSVVVVWVlZXFxcKioqLCwsMDAwMzMzNjY2Ojo6
                Pj4+QEBARUVFR0dHS0tLTk5OUVFRVVVVWFhYW1tbX19fYmJiZmZmaGhoNzc3Ojo6PT09QUFBRERER0dHS0tLTk5OUlJSVVVVWFhYXFxc
                X19fYmJiZmZmaGhobGxsb29vc3NzdnZ2RERER0dHSkpKTk5OUVFRVFRUWFhYWlpaX19fYWFhZWVlaGhobGxsb29vc3NzdXV1eXl5fHx8
                gICAg4ODUlJSVFRUWFhYW1tbX19fYmJiZmZmaGhobW1tb29vc3NzdnZ2enp6fX19gYGBg4ODh4eHioqKjo6OkZGRX19fYWFhZWVlaGho
                a2trb29vcnJydXV1enp6fHx8gICAg4ODhoaGioqKjY2NkJCQlJSUl5eXm5ubnZ2dbGxsb29vcnJydnZ2eXl5fHx8gICAg4ODh4eHioqK
                jY2NkZGRlJSUl5eXm5ubnZ2doaGhpKSkqKioq6ureXl5e3t7f39/goKChoaGiYmJjY2Nj4+PlJSUlpaWmpqanZ2doKCgpKSkp6enqqqq
                rq6usbGxtbW1t7e3h4eHiYmJjY2NkZGRlJSUl5eXm5ubnZ2doaGhpKSkp6enq6urrq6usbGxtbW1uLi4vLy8v7+/wsLCxcXFk5OTlZWV
                mZmZnJycoKCgo6Ojp6enqampra2tsLCws7Ozt7e3urq6vb29wcHBw8PDx8fHysrKzs7O0dHRoqKipaWlqamprKysr6+vs7Oztra2ubm5
                vb29v7+/w8PDxsbGycnJzc3N0NDQ09PT19fX2tra3t7e4ODgra2tr6+vs7Oztra2urq6vb29wcHBw8PDx8fHysrKzc3N0dHR1NTU19fX
                29vb3d3d4eHh5OTk6Ojo6+vr
                """),
        ForeignPicture(
            name: "JPEG, CMYK of Adobe's kind", format: .jpeg, channels: 3,
            file: """
                /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwP
                FxgWFBgSFBUU/8AAFAgADAAUBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMF
                BQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldY
                WVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn
                6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD4m+Av/Lv+FeA/8MWH/nw/8cr718b+JP8AWfPX6p1+j3wF/wCXb8KP+GLD/wA+H/jl
                fP8A438Sf6z56K+8vBv/ACAYP89hR/wxYf8Anw/8crxPVvEn+mv89Ffz3/AX/l3/AAr9ov8AhVPhz/nz/Uf4V9SeN7+b9581Ffo98Bf+
                Xb8KP+FU+HP+fP8AUf4V8/8Aje/m/efNRX3l4N/5AMH+ewo/4VT4c/58/wBR/hXierX8321/mor/2Q==
                """,
            pixels: """
                AAD/DQD5GwDyJwDsNgDnQwDhUADaXQDVawDPeADJhgDCkwC8oQC3rQCxuwCqyQCl1QCe5QCZ7wCS/wCOABf7DRf2GxfvJxfpNhfkQxfd
                UBfWXRfRaxfLeBfGhhe/kxe5oRe0rRetuxemyReh1Reb5ReW7xeP/xeKAC72DS7xGy7qJy7kNi7fQy7ZUC7SXS7Nay7GeC7Bhi66ky60
                oS6vrS6puy6iyS6d1S6W5S6R7y6K/y6FAETyDUTtG0TmJ0TgNkTbQ0TVUETOXUTJa0TCeES9hkS2k0SwoUSrrUSlu0SeyUSZ1USS5USN
                70SG/0SBAF3vDV3qG13jJ13dNl3YQ13SUF3LXV3Fa12/eF26hl2zk12toV2orV2iu12byV2V1V2P5V2K712D/11+AHPrDXPmG3PfJ3PZ
                NnPUQ3POUHPHXXPCa3O7eHO2hnOvk3OpoXOkrXOeu3OXyXOS1XOL5XOG73N//3N6AIvmDYvhG4vaJ4vUNovPQ4vJUIvCXYu9a4u2eIux
                houqk4ukoYufrYuZu4uSyYuN1YuG5YuB74t6/4t1AKPjDaPeG6PXJ6PRNqPLQ6PFUKO+XaO5a6OzeKOuhqOnk6OhoaObraOVu6OOyaOJ
                1aOD5aN976N3/6NyALnfDbnaG7nTJ7nNNrnHQ7nBULm6Xbm1a7mveLmqhrmjk7mdobmXrbmRu7mKybmF1bl/5bl577ly/7luANHbDdHW
                G9HPJ9HJNtHEQ9G+UNG3XdGxa9GreNGmhtGfk9GZodGUrdGOu9GHydGB1dF75dF279Fv/9FqAObWDebRG+bKJ+bENua/Q+a5UOayXeat
                a+ameOahhuaak+aUoeaPreaJu+aCyeZ91eZ25eZx7+Zq/+ZlAP/TDf/OG//HJ//BNv+8Q/+2UP+vXf+qa/+jeP+ehv+Xk/+Rof+Mrf+G
                u/9/yf961f9z5f9u7/9n//9i
                """),
        ForeignPicture(
            name: "JPEG, restart markers", format: .jpeg, channels: 3,
            file: """
                /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSop
                GR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo
                KCj/wAARCAAMABQDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQID
                AAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlq
                c3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3
                +Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEI
                FEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImK
                kpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/90ABAAB/9oADAMBAAIR
                AxEAPwDh7Dwf0/d/pXSWHg/p+7/SvU7DS7Xj5K6Ow0y14+SvazviitqfO8NcTVtD/9C1D4P/AHY/d/pRXu0OmWvlj5KK+WnxPW5mfc0+
                Jq3Ij//Z
                """,
            pixels: """
                AATsBAXrDwfmHAfgKQfYOAfSRQfOUgfGYgfEbga7fAe4igaxmAappQeksAegvQeYzQeQ2geI4gqJ6AyIBxX0DhfyGBfuJRnpMxjhQBjZ
                TxjVXBjPaRnKeBjEhBe+lBe5oheyrResuBmpxRmh1hiW4xeQ7BuQ8RyQDCj1Eyr0HSvwKSzpNyziRCzcUyzXYCvRbizMeyzGiSvBmCu6
                pSuysiusvS2pyi2i2yuY5iuS8S+S9jCRDD3yEj/wHUHtKULlN0HgREHYU0HTYEHNbUHIfEHCi0G+mEG2pkCwsUCovEKlyUKe2kGU6EGP
                8kOO9UWODFfuE1nsHlvpKlzhOFvbRVvTVFvPYVvJblvGe1vAilu5l1uxpVqsslqkvVyhylyb21qS51uM8V6L9WCKCG/lEHHkG3PfJnTZ
                NHPSQnTNUHPHXXLBa3O8eHO2h3OylHOqonKisHOdunSZx3SS2XOL5HOF7nWE8niDBojcDIvcF4zZIo3TMIzLQI3FToy/W4u5aYy0dYyu
                hYypkYyioIuarI2Vto2RxI2K1oyD4ox964588JF9BqHXDKTWFqTSIqbNMKXGPaW+TaW5WqOyaaWwdaWphKSjkaWcoKSVq6WPtqaMwqWF
                1KR84aR36qZ376l2BrjUDLrTF7zPI73JMbzDPry7Tby2WryvaLysdLymhLyhkruZoLuSq7uMtr2Jw72B1Lt54bx16r5z779zB8zSDs7R
                GM/LJdDHM8/BQNC5T9C0W86tatCpds+jhc+ek9CXoc+Prs+KudGHxM+A1s934s9x69Fy8NRxDuLWFePWIOXRK+bLOuXDRuW9VuW5YuWz
                cOWufeWoi+Sim+Sbp+SUtOSOv+aLzOaF3eR86OR28+d3+Ol2FfDcHPHbJ/TWNPPRQPPJT/PBXPO+afO4d/KzhPGtkvKooPKgrfKZu/KU
                xfOQ0/KK5PKB8fJ7+fR8//d7
                """),
        ForeignPicture(
            name: "JPEG, RGB", format: .jpeg, channels: 3,
            file: """
                /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAFAwQEBAMFBAQEBQUFBgcMCAcHBwcPCwsJDBEPEhIRDxERExYcFxMUGhURERghGBodHR8fHxMX
                IiQiHiQcHh8e/8AAEQgADAAUA1IRAEcRAEIRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQE
                AAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpj
                ZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq
                8fLz9PX29/j5+v/aAAwDUgBHAEIAAD8A+ffhd/yy/CvM/wDhS3/Tp/47X0n4k1L73zV9V/C3/ll+FH/Clv8Ap0/8drzLxJqX3vmr6S8P
                f8guOj/hS3/Tp/47Xn9/qX+kt81fmF8Lv+WX4V99/wDCKaL/AM+36ivYvEk8nzfNX1X8Lf8All+FH/CKaL/z7fqK8y8STyfN81fSXh7/
                AJBcdH/CKaL/AM+36ivPr+eT7S3zV//Z
                """,
            pixels: """
                AAD+DgD5GwDyJwDsNgDnQwDhUADaXgDVagDOeADJhQDCkgC8oQC3rgCxuwCqyQCl1wCf4wCa8wCS/QCOABf6Dhf2GxfvJxfpNhfjQxfd
                UBfXXhfSahfKeBfGhRe/khe5oRezrhetuxenyRei1xec4xeW8xeP/ReKAC72Di7xGy7qJy7kNi7fQy7ZUC7SXi7Nai7GeC7BhS66ki60
                oS6vri6puy6iyS6d1y6X4y6S8y6K/S6GAETyDkTtG0TmJ0TgNkTbQ0TVUETOXkTJakTCeES9hUS2kkSwoUSrrkSlu0SeyUSZ10ST40SO
                80SG/USCAF3uDl3qG13jJ13dNl3XQ13RUF3LXl3Gal2+eF26hV2zkl2toV2nrl2hu12byV2W112Q412K812D/V1+AHPqDnPmG3PfJ3PZ
                NnPTQ3PNUHPHXnPCanO6eHO2hXOvknOpoXOjrnOdu3OXyXOS13OM43OG83N//XN6AIrmDorhG4raJ4rUNorPQ4rJUIrCXoq9aoq2eIqx
                hYqqkoqkoYqfroqZu4qSyYqN14qH44qC84p6/Yp2AKHiDqHeG6HXJ6HRNqHLQ6HFUKG/XqG6aqGyeKGuhaGnkqGhoaGbrqGVu6GPyaGK
                16GE46F+86F3/aFyALneDrnZG7nTJ7nMNrnHQ7nBULm6Xrm1armueLmphbmikrmcobmXrrmRu7mKybmF17l/47l587ly/bltANDaDtDV
                G9DPJ9DJNtDDQ9C9UNC2XtCyatCqeNClhdCfktCZodCTrtCNu9CGydCC19B749B189Bu/dBpAOjVDujRG+jKJ+jENui/Q+i4UOiyXuit
                auileOihheiakuiUoeiOruiIu+iCyeh91+h24+hx8+hp/ehlAP7TDv7OG/7HJ/7BNv68Q/62UP6vXv6qav6jeP6ehf6Xkv6Rof6Mrv6G
                u/5/yf561/5z4/5u8/5n/f5i
                """),
        ForeignPicture(
            name: "WebP, lossy", format: .webp, channels: 3,
            file: """
                UklGRnoAAABXRUJQVlA4IG4AAAAwBACdASoUAAwALk02m02hJCQkBABMS2AE6ZQjgbwDeAhAAFJ36oFyf/gA/vwD65gjd7TIRQpbcROK
                3df+4f6TweE6+UkCPTaBkQf/386db2Mmffk7LIEe5FLbCZOY99xeNIdab/DSd9LRGjgAAA==
                """,
            pixels: """
                AQjwCAnvFAvrIgrkMAfZPQbRSgjNVgfIZAjGcAfBfAi6iQeynQmvqgintwqixAic1AmZ4geT7QmM8wqJBhf1DBjzGRjvKBjoNhXdQRTV
                UBbSXBXMahbJdBbDgRa+jxW3ohixrheqvRimyReh2hed5heV8RiP+BmNCS31EDD0HTDwKi7oOCvdRCvVUyzSXivMbS3JdyzDhC2+kiu2
                pS6xsS2qvy+myy6g3S2d6S2X9C6R+y+NBULtDkTsG0ToJ0TgNEHVQj/NT0LKW0HEaUHDdUG9gEK5jkCxoUOsr0KkvEShyUKb2UKX5kGS
                8kKL90SHB13rDl7pGl/lJ17dN1/WRV7OU1/KX17Fa2DBd1+8hF+3kl6vol+or16gvGCdyV6X2V+T512O8l6H+GCDBHDkCnPkGHPfI3PX
                NXPQQnLIUXPFW3O/aXS8dXO2gnOxjnOqn3Oiq3OaunSXx3KR13OO43KG7nR/9XR+CIjlDYnkGorfJ4rYOYvRRonJVYvGX4vAbYy9eYu3
                houykoqro4ujr4qbvoyYy4qS3IqP6ImH9IqA+Yx/BJ3eC57cFp/XJZ/RN5/JRJ7CUaC+XZ+4a6C3d5+xhJ+tkJ+loZ+drZ6Wu6CSyZ6N
                2p6J6JyD8519+Z95Bb3aDL7YGb7UJb3MNr7FRL29Ur65Xr22bL22eruzhbyuk7umpLufsLqXvryUzLqO37mL7LeF+Lh+/bp6ANHRCNPR
                FNTMIdPEM9O9QNK1TdSyWdOuaNKvdtCrgdGmj9CfoNCXrs+PutGMyM+G286D6cx99M52+dBzAevQCOzPFezIIu3BM+28Qeu0T+2vW+yr
                a+yseOmohOqjkemcoeqUr+mMveqJyuiD3OiA6Oh48+lx+upwBfrTDPvRF/zKJvzEN/y+Rfu3Uv2xX/utb/usfPmoiPqklfmcpfqVs/mN
                wfqJzviE3vmA7Pd69/h0/fpw
                """),
        ForeignPicture(
            name: "WebP, lossless", format: .webp, channels: 3,
            file: """
                UklGRkgAAABXRUJQVlA4TDsAAAAvE8ACAM1lRP9jF4UveP8Dato2gszijj/Ud7tdIJDCBJ5A0gb7Fxwv8xCbJM3SIVzExMqdp7AXpb4S
                AwA=
                """,
            pixels: """
                AAD/DQD5GgDzKADtNQDnQwDhUADbXQDVawDPeADJhgDDkwC9oQC3rgCxuwCryQCl1gCf5ACZ8QCT/wCNABf7DRf1GhfvKBfpNRfjQxfd
                UBfXXRfRaxfLeBfFhhe/kxe5oRezrhetuxenyReh1heb5BeV8ReP/xeJAC73DS7xGi7rKC7lNS7fQy7ZUC7TXS7Nay7HeC7Bhi67ky61
                oS6vri6puy6jyS6d1i6X5C6R8S6L/y6FAEXzDUXtGkXnKEXhNUXbQ0XVUEXPXUXJa0XDeEW9hkW3k0WxoUWrrkWlu0WfyUWZ1kWT5EWN
                8UWH/0WBAFzvDVzpGlzjKFzdNVzXQ1zRUFzLXVzFa1y/eFy5hlyzk1ytoVynrlyhu1ybyVyV1lyP5FyJ8VyD/1x9AHPrDXPlGnPfKHPZ
                NXPTQ3PNUHPHXXPBa3O7eHO1hnOvk3OpoXOjrnOdu3OXyXOR1nOL5HOF8XN//3N5AIvnDYvhGovbKIvVNYvPQ4vJUIvDXYu9a4u3eIux
                hourk4uloYufrouZu4uTyYuN1ouH5IuB8Yt7/4t1AKLjDaLdGqLXKKLRNaLLQ6LFUKK/XaK5a6KzeKKthqKnk6KhoaKbrqKVu6KPyaKJ
                1qKD5KJ98aJ3/6JxALnfDbnZGrnTKLnNNbnHQ7nBULm7Xbm1a7mveLmphrmjk7mdobmXrrmRu7mLybmF1rl/5Ll58blz/7ltANDbDdDV
                GtDPKNDJNdDDQ9C9UNC3XdCxa9CreNClhtCfk9CZodCTrtCNu9CHydCB1tB75NB18dBv/9BpAOfXDefRGufLKOfFNee/Q+e5UOezXeet
                a+eneOehhuebk+eVoeePrueJu+eDyed91ud35Odx8edr/+dlAP/TDf/NGv/HKP/BNf+7Q/+1UP+vXf+pa/+jeP+dhv+Xk/+Rof+Lrv+F
                u/9/yf951v9z5P9t8f9n//9h
                """),
        ForeignPicture(
            name: "WebP, lossy with transparency", format: .webp, channels: 4,
            file: """
                UklGRsgAAABXRUJQVlA4WAoAAAAQAAAAEwAACwAAQUxQSDMAAAABX0AmbRsSsHdpRMSeiA6EtO1kClOYwhRSSCGFFFJIIYX8LkNE/zOQ
                KDQGJhY2Di4ePgAAVlA4IG4AAAAwBACdASoUAAwALk02m02hJCQkBABMS2AE6ZQjgbwDeAhAAFJ36oFyf/gA/vwD65gjd7TIRQpbcROK
                3df+4f6TuJvzSpSjHjKqgWR/386db2Mmffk7LIEe5FLbCZOY3G/JaUo7RzCoqynlXAAAAA==
                """,
            pixels: """
                AQjwCwgJ7wsUC+sLIgrkCzAH2Qs9BtELSgjNC1YHyAtkCMILcAi6C3wJtguJB64LnQqpC6oJoQu3C54LwwqaC9MKmQvfCZML6gqMC/AM
                iQsGF/UfDBjzHxkY7x8oGOgfNhXdH0EU1R9QFtIfXBXKH2oXxR90F78fgRe6H48Wsx+iGK0frhimH70Zoh/JGJ0f1xmbH+MYlR/uGo8f
                9RqNHwkt9TUQMPQ1HTDwNSou6DU4K901RCvVNVMs0jVeLMo1bS3ENXctvzWELbo1kiyyNaUvrTWxLqY1vzCiNcsvnDXaMJs15S+VNfEw
                jzX4MY01BULtSg5E7EobROhKJ0TgSjRB1UpCP81KT0LKSltBxEppQr9KdUK3SoBDskqOQatKoUSmSq9Dnkq8RZpKx0SXStdElUrjQ5BK
                70SJSvRGhUoHXetgDl7pYBpf5WAnXt1gN1/WYEVezmBTX8pgX17DYGthvWB3YLhghGCzYJJfq2CiYKRgr1+cYLxhmWDIYJNg2GCRYORf
                jGDvYIVg9WKDYARw5HUKc+R1GHPfdSNz13U1c9B1QnLIdVFzxXVbc711aXW4dXV0snWCdK11jnSmdZ90nnWrdJZ1unWTdcV0jXXVdIx1
                4HSGdet1f3Xydn51CIjlig2J5Ioait+KJ4rYijmL0YpGicmKVYvGil+LvoptjbmKeYyzioaMroqSi6eKo4yfiq+Ll4q+jZSKy4uOitmM
                jYrli4eK8YyAivaOf4oEneCgC57eoBaf2aAlntOgN5/LoESdxKBRoMCgXZ+6oGugtaB3n6+ghKCroJCfo6Chn5ugrZ+UoLugkKDJnoug
                2Z+HoOSegaDwn3ug96B3oAW84rUMvOC1GbzctSW81LU2vM21RLvFtVK8wbVeu7y1bL24tXq7s7WFvK61k7umtaS7n7Wwupe1vryUtcy6
                jLXduoa167l/tfa6eLX9u3a1ANDZygjS2coU09TKIdHMyjPSxcpA0L3KTdK6ylnStMpo0rHKdtCryoHRpsqP0J/KoNCXyq7Pj8q60YzK
                yM+GytvPf8rpznfK9M9wyvnRbcoB6tbgCOrV4BXrzuAi7MfgM+zC4EHquuBP7LXgW+uv4GvrruB46ajghOqj4JHpnOCh6pTgr+mM4L3q
                ieDK6YHg3Ol84OjpcuDz6mvg+utq4AX51/QM+tX0F/zO9Cb7yPQ3+8L0Rfq79FL9tfRf+6/0b/uu9Hz5qPSI+qT0lfmc9KX6lfSz+Y30
                wfqJ9M75gvTe+Xz07Ph09Pf5bvT9+2r0
                """),
        ForeignPicture(
            name: "WebP, lossless with transparency", format: .webp, channels: 4,
            file: """
                UklGRloAAABXRUJQVlA4TE0AAAAvE8ACEM1lRP9jF4UveP/DoCAAGUYL+ofdLYBAIIUJvICEyP+DcgaZtG2qAna2U9i2DdJ2DIfAQxAM
                ceLyE+UI1EegenVid8XrmegEBgA=
                """,
            pixels: """
                AAD/Cw0A+QsaAPMLKADtCzUA5wtDAOELUADbC10A1QtrAM8LeADJC4YAwwuTAL0LoQC3C64AsQu7AKsLyQClC9YAnwvkAJkL8QCTC/8A
                jQsAF/sfDRf1HxoX7x8oF+kfNRfjH0MX3R9QF9cfXRfRH2sXyx94F8Ufhhe/H5MXuR+hF7MfrhetH7sXpx/JF6Ef1hebH+QXlR/xF48f
                /xeJHwAu9zUNLvE1Gi7rNSgu5TU1Lt81Qy7ZNVAu0zVdLs01ay7HNXguwTWGLrs1ky61NaEurzWuLqk1uy6jNckunTXWLpc15C6RNfEu
                izX/LoU1AEXzSg1F7UoaRedKKEXhSjVF20pDRdVKUEXPSl1FyUprRcNKeEW9SoZFt0qTRbFKoUWrSq5FpUq7RZ9KyUWZStZFk0rkRY1K
                8UWHSv9FgUoAXO9gDVzpYBpc42AoXN1gNVzXYENc0WBQXMtgXVzFYGtcv2B4XLlghlyzYJNcrWChXKdgrlyhYLtcm2DJXJVg1lyPYORc
                iWDxXINg/1x9YABz63UNc+V1GnPfdShz2XU1c9N1Q3PNdVBzx3Vdc8F1a3O7dXhztXWGc691k3OpdaFzo3Wuc511u3OXdclzkXXWc4t1
                5HOFdfFzf3X/c3l1AIvnig2L4Yoai9uKKIvVijWLz4pDi8mKUIvDil2LvYpri7eKeIuxioaLq4qTi6WKoYufiq6LmYq7i5OKyYuNitaL
                h4rki4GK8Yt7iv+LdYoAouOgDaLdoBqi16AootGgNaLLoEOixaBQor+gXaK5oGuis6B4oq2ghqKnoJOioaChopugrqKVoLuij6DJoomg
                1qKDoOSifaDxoneg/6JxoAC537UNudm1GrnTtSi5zbU1uce1Q7nBtVC5u7VdubW1a7mvtXi5qbWGuaO1k7mdtaG5l7WuuZG1u7mLtcm5
                hbXWuX+15Ll5tfG5c7X/uW21ANDbyg3Q1coa0M/KKNDJyjXQw8pD0L3KUNC3yl3Qscpr0KvKeNClyobQn8qT0JnKodCTyq7Qjcq70IfK
                ydCBytbQe8rk0HXK8dBvyv/QacoA59fgDefR4Brny+Ao58XgNee/4EPnueBQ57PgXeet4Gvnp+B456Hghueb4JPnleCh54/grueJ4Lvn
                g+DJ533g1ud34OTnceDx52vg/+dl4AD/0/QN/830Gv/H9Cj/wfQ1/7v0Q/+19FD/r/Rd/6n0a/+j9Hj/nfSG/5f0k/+R9KH/i/Su/4X0
                u/9/9Mn/efTW/3P05P9t9PH/Z/T//2H0
                """),
        ForeignPicture(
            name: "WebP, animation", format: .webp, channels: 3,
            file: """
                UklGRuwCAABXRUJQVlA4WAoAAAACAAAAEwAACwAAQU5JTQYAAAAAAAAAAABBTk1GXAEAAAAAAAAAABMAAAsAAGQAAAJWUDhMRAEAAC8T
                wAIAf6cokhQHVAz+tWYuvAUCKUzgCbJtbOYPuP3zrzZtA2a3U94QD0EQBBk5TkN7g47+np3Nv/liBIgBABBMZiPbtm3btm3btm3btm3b
                du9E9D8AGAoWARkNEwefiJSCmo6RhZ2LFyCWklVQVtPU0TcytbC2c3Rx9/IVhKNiE5LTMnPyi0orqusaW9q7egPjqdmF5bXNnf2j04vr
                u8eX96/fIQQ0HCIKOhYuATEZJQ09EysHNx9QQlpOUUVdS9fA2MzSxt7J1cPbTxgRHZeYkp6VW1BcVllT39Ta0d0XnJieW1xZ39o9OD67
                vLl/ev34/htBwsAjoWJg4xGSkFPRMjCzcfLwgyRl5JVUNbT1DE3MrWwdnN08ffxFkTHxSakZ2XmFJeVVtQ3NbZ09/aHJmfml1Y3tvcOT
                86vbh+e3z5//AUFOTUZcAQAAAAAAAAAAEwAACwAAZAAAAFZQOExEAQAALxPAAgB/pyiSFAdUDP61Zi68BQIpTOAJsm1s5g+4/fOvNm0D
                ZrdT3hAPQRAEGTlOQ3uDjv6enc2/+WIEiAEAEExmI9u2bdu2bdu2bdu2bdt270T0P/6fz7fnh9ur85PDve2N1aX5mcnRf09nW3NDbVV5
                SWFedkZqUnxMZKjfx9PN2cHWytzEUE9bQ1VJXkZS5M/DycbMQEtFTkKIh42BigQPAwni+/54fbq/uTw7PtjdWl9ZnJueGP51d7Q21ddU
                lhUX5GalpyTGRUcE+7w9XJ3sbSzNjA10tdRVFOWkJYR+3BysTPQ0lGTEBLhY6CiIcNAQQN6v95fHu+uL06P9nc215YXZqfHgt6u9pbGu
                uqK0KD8nMy05ITYqHOj1cndxtLO2MDXS19FUU1aQlRILfLnYWRjpqClIifBxMNGQEWChwAAA
                """,
            pixels: """
                AAD/DQD5GgDzKADtNQDnQwDhUADbXQDVawDPeADJhgDDkwC9oQC3rgCxuwCryQCl1gCf5ACZ8QCT/wCNABf7DRf1GhfvKBfpNRfjQxfd
                UBfXXRfRaxfLeBfFhhe/kxe5oRezrhetuxenyReh1heb5BeV8ReP/xeJAC73DS7xGi7rKC7lNS7fQy7ZUC7TXS7Nay7HeC7Bhi67ky61
                oS6vri6puy6jyS6d1i6X5C6R8S6L/y6FAEXzDUXtGkXnKEXhNUXbQ0XVUEXPXUXJa0XDeEW9hkW3k0WxoUWrrkWlu0WfyUWZ1kWT5EWN
                8UWH/0WBAFzvDVzpGlzjKFzdNVzXQ1zRUFzLXVzFa1y/eFy5hlyzk1ytoVynrlyhu1ybyVyV1lyP5FyJ8VyD/1x9AHPrDXPlGnPfKHPZ
                NXPTQ3PNUHPHXXPBa3O7eHO1hnOvk3OpoXOjrnOdu3OXyXOR1nOL5HOF8XN//3N5AIvnDYvhGovbKIvVNYvPQ4vJUIvDXYu9a4u3eIux
                hourk4uloYufrouZu4uTyYuN1ouH5IuB8Yt7/4t1AKLjDaLdGqLXKKLRNaLLQ6LFUKK/XaK5a6KzeKKthqKnk6KhoaKbrqKVu6KPyaKJ
                1qKD5KJ98aJ3/6JxALnfDbnZGrnTKLnNNbnHQ7nBULm7Xbm1a7mveLmphrmjk7mdobmXrrmRu7mLybmF1rl/5Ll58blz/7ltANDbDdDV
                GtDPKNDJNdDDQ9C9UNC3XdCxa9CreNClhtCfk9CZodCTrtCNu9CHydCB1tB75NB18dBv/9BpAOfXDefRGufLKOfFNee/Q+e5UOezXeet
                a+eneOehhuebk+eVoeePrueJu+eDyed91ud35Odx8edr/+dlAP/TDf/NGv/HKP/BNf+7Q/+1UP+vXf+pa/+jeP+dhv+Xk/+Rof+Lrv+F
                u/9/yf951v9z5P9t8f9n//9h
                """),
    ]
}
