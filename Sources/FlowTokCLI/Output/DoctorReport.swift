/// What `flowtok doctor` finds.
struct DoctorReport: Encodable {
    struct Model: Encodable {
        let path: String
        let name: String
        let license: String
        let parameters: Int
        let bytes: Int
        let imageSize: Int

        enum CodingKeys: String, CodingKey {
            case path, name, license, parameters, bytes
            case imageSize = "image_size"
        }
    }

    let flowtok: String
    let system: String
    let swift: String
    let cpu: String
    let cpuFeatures: [String]
    let kernels: String
    let bfloat16: Bool
    /// The core that OpenBLAS uses, or why there is none.
    let openblas: String?
    /// The user's own choice of that core.
    let openblasCoreType: String?
    let openblasProblem: String?
    let float32Products: String
    let threads: Int
    let usableCores: Int
    let memory: Int
    let memoryAvailable: Int?
    var model: Model?
    var modelProblem: String?
    var lookedIn: [String]?

    enum CodingKeys: String, CodingKey {
        case flowtok, system, swift, cpu
        case cpuFeatures = "cpu_features"
        case kernels, bfloat16, openblas
        case openblasCoreType = "openblas_coretype"
        case openblasProblem = "openblas_problem"
        case float32Products = "float32_products"
        case threads
        case usableCores = "usable_cores"
        case memory
        case memoryAvailable = "memory_available"
        case model
        case modelProblem = "model_problem"
        case lookedIn = "looked_in"
    }

    private var openblasLine: String {
        guard let openblas else { return "not usable: \(openblasProblem ?? "unknown")" }
        return openblas + (openblasCoreType.map { ", as OPENBLAS_CORETYPE=\($0) asks" } ?? "")
    }

    /// The report for people: names and values.
    var lines: [(String, String)] {
        var lines = [
            ("flowtok", "\(flowtok), built with Swift \(swift)"),
            ("system", system),
            ("cpu", cpu),
            ("cpu features", cpuFeatures.isEmpty ? "none that the kernels use" : cpuFeatures.joined(separator: " ")),
            ("kernels", kernels),
            ("openblas", openblasLine),
            ("float32 products", float32Products),
            ("bfloat16 products", bfloat16 ? "own kernels" : "not on this CPU: float32 takes their place"),
            ("threads", "\(threads), of \(usableCores) usable cores"),
            ("memory", memory.asBytes + (memoryAvailable.map { ", \($0.asBytes) available" } ?? "")),
        ]
        if let model {
            lines += [
                ("model", "\(model.name): \(model.path)"),
                ("", "\(model.parameters) parameters, \(model.bytes.asBytes), \(model.imageSize)×\(model.imageSize) pixels, \(model.license)"),
            ]
        } else {
            lines.append(("model", "none: \(modelProblem ?? "unknown")"))
            lines += (lookedIn ?? []).map { ("looked in", $0) }
        }
        return lines
    }
}
