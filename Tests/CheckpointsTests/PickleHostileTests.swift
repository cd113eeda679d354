import Checkpoints
import Tensors
import TestSupport
import Testing

@Suite struct PickleHostileTests {
    private func failure(pickle: [UInt8], storages: [[UInt8]] = [[Float(1), 2, 3, 4].bytes]) -> CheckpointError? {
        CheckpointsTests.failure(ZipBuilder(pickle: pickle, storages: storages).build())
    }

    private func failure(_ body: (inout PickleBuilder) -> Void) -> CheckpointError? {
        failure(pickle: PickleBuilder.build(body))
    }

    /// Classes and functions mean nothing here, whatever they would do in Python: none is called, and the file is read.
    @Test(arguments: [
        ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("__builtin__", "exec"),
        ("torch", "load"), ("torch.hub", "load"), ("importlib", "import_module"), ("operator", "attrgetter"), ("torch", "_utils"),
        ("__torch", "x"), ("torch.cuda", "device"), ("collections", "Counter"), ("torch._utils", "_rebuild_tensor_v9"), ("", ""),
        ("numpy", "load"),
    ])
    func classesAndFunctionsOfOthers(module: String, name: String) throws {
        let folder = try TemporaryFolder()
        let pickle = PickleBuilder.build { pickle in
            pickle.mapping([
                ("w", { $0.tensor([4]) }),
                (
                    "x",
                    { pickle in
                        pickle.global(module, name)
                        pickle.text("touch \(folder("pwned"))")
                        pickle.raw([0x85])
                        pickle.op("R")
                    }
                ),
                (
                    "y",
                    { pickle in
                        pickle.text(module)
                        pickle.text(name)
                        pickle.raw([0x93])
                    }
                ),
            ])
        }
        let checkpoint = try readAll(ZipBuilder(pickle: pickle, storages: [[Float(1), 2, 3, 4].bytes]).build())
        #expect(checkpoint.names == ["w"])
        #expect(try checkpoint.tensor("w").values == [1, 2, 3, 4])
        let whole = module.isEmpty ? name : module + "." + name
        #expect(checkpoint.leftOut == [.init(name: "x", contents: "an object of \(whole)")])
        #expect(folder.files.isEmpty)
    }

    @Test func namesOfClassesAreBounded() {
        let long = String(repeating: "m", count: 5000)
        #expect(failure { $0.global(long, "x") }?.kind == "malformedPickle")
        let stacked = failure { pickle in
            pickle.text(long)
            pickle.text("x")
            pickle.raw([0x93])
        }
        #expect(stacked?.kind == "limitExceeded")
    }

    @Test func instructionsOutOfPlace() {
        let cases: [String] = [
            "", "0", "1", "2", "t", "e", "u", "s", "a", "R", "b", "Q", "N1", "Na", "NNs", "}Ns", "N}b0R", "(N", "NN", "(.", "NR", "NNR", ")N\u{0}", "i", "o",
            "I1\n", "S'x'\n", "Vx\n", "Px\n", "g0\n", "p0\n", "h\u{5}", "j\u{0}\u{0}\u{0}\u{0}", "(N0l0N0", "}(Nu", "](}0", "cos", "X\u{7f}\u{7f}\u{7f}\u{7f}",
        ]
        for text in cases { #expect(failure { $0.op(text) } != nil, "\(text.debugDescription)") }
        for opcode in UInt8.min ... .max where opcode != UInt8(ascii: ".") {
            _ = failure { $0.raw([opcode]) }
            _ = failure { $0.raw([opcode, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) }
            _ = failure { $0.raw([0x29, 0x5d, 0x28, 0x4e, opcode, 0, 0, 0, 0, 0, 0, 0, 0]) }
        }
        #expect(failure(pickle: [0x80, 9, 0x4e, 0x2e])?.kind == "malformedPickle")
        #expect(failure(pickle: [0x80, 0, 0x4e, 0x2e])?.kind == "malformedPickle")
        #expect(failure(pickle: [])?.kind == "truncated")
        #expect(failure(pickle: [0x80, 2, 0x4e, 0x2e, 0x4e])?.kind == "malformedPickle")  // goes on after its end
    }

    @Test func lengthsBeyondTheEnd() {
        for opcode: UInt8 in [0x58, 0x8d, 0x8e, 0x96, 0x42, 0x54, 0x8b, 0x95] {
            let error = failure { $0.raw([opcode] + UInt64.max.bytes) }
            #expect(error != nil, "\(opcode)")
        }
        #expect(failure { $0.raw([0x8b] + Int32(-1).bytes) }?.kind == "truncated")
        #expect(failure { $0.raw([0x54] + Int32.min.bytes) }?.kind == "truncated")
    }

    @Test func hugeMemoIndexes() {
        // Remembering under a huge number costs no more than under a small one.
        #expect(failure { $0.raw([0x4e, 0x72] + UInt32.max.bytes + [0x30, 0x6a] + UInt32.max.bytes) } == nil)
        #expect(failure { $0.raw([0x6a] + UInt32.max.bytes) }?.kind == "malformedPickle")
    }

    @Test func deepNesting() {
        // A million nested tuples, lists and mappings are built and freed without recursion, and hold no tensors within reach.
        #expect(failure(pickle: [0x80, 2, 0x4e] + [UInt8](repeating: 0x85, count: 1_000_000) + [0x2e])?.kind == "limitExceeded")
        #expect(
            failure(pickle: [0x80, 2] + [UInt8](repeating: 0x5d, count: 100_000) + [UInt8](repeating: 0x61, count: 99_999) + [0x2e])?.kind == "limitExceeded")
        #expect(failure(pickle: [0x80, 2] + [UInt8](repeating: 0x28, count: 1_000_000))?.kind == "limitExceeded")
        let cycle: [UInt8] = [0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e]
        #expect(failure(pickle: cycle)?.kind == "limitExceeded")
        let selfHolding = failure { pickle in
            pickle.raw([0x7d, 0x71, 0])
            pickle.text("ema")
            pickle.raw([0x68, 0])
            pickle.op("s")
            pickle.text("w")
            pickle.tensor("0", storage: 4, size: [1], stride: [1])
            pickle.op("s")
        }
        #expect(selfHolding?.kind == "limitExceeded")
    }

    /// Ten lists of ten references each to the one before: ten thousand million paths in a hundred bytes.
    @Test func sharedContainersDoNotMultiply() {
        let error = failure { pickle in
            pickle.raw([0x5d, 0x71, 0, 0x30])
            for level in UInt8(0)..<10 {
                pickle.op("](")
                for _ in 0..<10 { pickle.raw([0x68, level]) }
                pickle.raw([0x65, 0x71, level + 1, 0x30])
            }
            pickle.raw([0x68, 10])
        }
        #expect(error?.kind == "limitExceeded")
    }

    /// One long list of pairs, made into a mapping again and again.
    @Test func copiesAreCounted() {
        let error = failure { pickle in
            pickle.global("collections", "OrderedDict")
            pickle.raw([0x71, 0, 0x5d, 0x28])
            for _ in 0..<10_000 { pickle.raw([0x4e, 0x4e, 0x86]) }
            pickle.raw([0x65, 0x85, 0x71, 1])
            for _ in 0..<10_000 { pickle.raw([0x68, 0, 0x68, 1, 0x52, 0x30]) }
        }
        #expect(error?.kind == "limitExceeded")
    }

    @Test func tensorsOutsideTheirStorage() {
        func kind(_ storage: Int, _ offset: Int, _ size: [Int], _ stride: [Int], type: String = "FloatStorage") -> String? {
            failure(pickle: PickleBuilder.one(type: type, storage: storage, offset: offset, size: size, stride: stride))?.kind
        }
        #expect(kind(4, 0, [4], [1]) == nil)
        #expect(kind(4, 1, [3], [1]) == nil)
        #expect(kind(4, 0, [2, 2], [1, 2]) == nil)
        #expect(kind(4, 4, [0], [1]) == nil)
        #expect(kind(4, 1, [4], [1]) == "invalidTensor")
        #expect(kind(4, -1, [4], [1]) == "invalidTensor")
        #expect(kind(4, 5, [0], [1]) == "invalidTensor")
        #expect(kind(4, .max, [1], [1]) == "invalidTensor")
        #expect(kind(4, .min, [1], [1]) == "invalidTensor")
        #expect(kind(4, 0, [-1], [1]) == "invalidTensor")
        #expect(kind(4, 0, [-2, -2], [1, 1]) == "invalidTensor")
        #expect(kind(4, 0, [2, 2], [1, -1]) == "invalidTensor")
        #expect(kind(4, 0, [2], [.max]) == "invalidTensor")
        #expect(kind(4, 0, [3], [.max]) == "invalidTensor")
        #expect(kind(4, 0, [2, 2, 2], [.max / 2, .max / 2, 2]) == "invalidTensor")
        #expect(kind(4, 0, [1 << 32, 1 << 32], [0, 0]) == "invalidTensor")
        #expect(kind(4, 0, [.max], [0]) == "invalidTensor")
        #expect(kind(4, 0, [1 << 30], [0]) == "invalidTensor")  // four values repeated into a thousand million
        #expect(kind(2, 0, [1 << 62], [1], type: "DoubleStorage") == "invalidTensor")
        #expect(kind(4, 0, [2], [1, 1]) == "malformedPickle")
        #expect(kind(4, 0, [1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1]) == "limitExceeded")
        #expect(kind(-4, 0, [4], [1]) == "malformedPickle")
        #expect(kind(5, 0, [4], [1]) == "malformedArchive")
        #expect(kind(.max, 0, [4], [1]) == "malformedArchive")
        #expect(kind(4, 0, [2], [1], type: "DoubleStorage") == "malformedArchive")
        #expect(kind(2, 0, [2], [1], type: "DoubleStorage") == nil)
    }

    @Test func storagesThatAreMissing() {
        #expect(failure(pickle: PickleBuilder.one(storage: 4, size: [4], stride: [1]), storages: [])?.kind == "malformedArchive")
        let traversal = failure { pickle in
            pickle.op("}")
            pickle.text("w")
            pickle.tensor("../../etc/passwd", storage: 1, size: [1], stride: [1])
            pickle.op("s")
        }
        #expect(traversal?.kind == "malformedArchive")
    }

    @Test func namesInTheState() {
        let long = String(repeating: "n", count: 513)
        #expect(failure(pickle: PickleBuilder.one(long, storage: 4, size: [4], stride: [1]))?.kind == "limitExceeded")
        let twice = failure { pickle in
            pickle.op("}(")
            for _ in 0..<2 {
                pickle.text("w")
                pickle.tensor("0", storage: 4, size: [4], stride: [1])
            }
            pickle.op("u")
        }
        #expect(twice == .duplicateName(path: "test", name: "w"))
    }

    @Test func tensorsWithoutANameAreLeftOut() throws {
        let pickle = PickleBuilder.build { pickle in
            pickle.op("}(N")
            pickle.tensor("0", storage: 4, size: [4], stride: [1])
            pickle.text("w")
            pickle.tensor("0", storage: 4, size: [2], stride: [1])
            pickle.op("u")
        }
        let checkpoint = try readAll(ZipBuilder(pickle: pickle, storages: [[Float(1), 2, 3, 4].bytes]).build())
        #expect(checkpoint.names == ["w"])
        #expect(checkpoint.leftOut == [.init(name: "an unnamed key", contents: "a tensor")])
    }

    @Test func argumentsOfTheWrongKind() {
        let bodies: [(inout PickleBuilder) -> Void] = [
            {
                $0.global("torch._utils", "_rebuild_tensor_v2"); $0.op(")R")
            },
            {
                $0.global("torch._utils", "_rebuild_tensor_v2"); $0.op("NR")
            },
            {
                $0.global("torch._utils", "_rebuild_tensor_v2"); $0.op("(NNNNtR")
            },
            {
                $0.global("torch._utils", "_rebuild_tensor_v2"); $0.op("("); $0.storage("0", count: 4); $0.op("NNNtR")
            },
            {
                $0.global("torch._utils", "_rebuild_tensor_v3"); $0.op("(NNNNNNNtR")
            },
            {
                $0.global("torch._utils", "_rebuild_parameter"); $0.op(")R")
            },
            {
                $0.global("torch._utils", "_rebuild_parameter"); $0.op("(NtR")
            },
            {
                $0.global("torch._tensor", "_rebuild_from_type_v2"); $0.op("(NNNNtR")
            },
            {
                $0.global("torch", "FloatStorage"); $0.op(")R")
            },
            {
                $0.global("torch", "float32"); $0.op(")R")
            },
            {
                $0.global("collections", "OrderedDict"); $0.op("(K\u{1}tR")
            },
            {
                $0.global("collections", "OrderedDict"); $0.op("(](NetR")
            },
            {
                $0.global("collections", "OrderedDict"); $0.op("(]()etR")
            },
            { $0.op("(NNNNNtQ") }, { $0.op(")Q") }, { $0.op("NQ") },
            {
                $0.op("("); $0.text("storage"); $0.op("NNNNtQ")
            },
            {
                $0.op("("); $0.text("storage"); $0.global("torch", "FloatStorage"); $0.op("K\u{0}NNtQ")
            },
            {
                $0.op("("); $0.text("module"); $0.global("torch", "FloatStorage"); $0.text("0"); $0.op("NK\u{0}tQ")
            },
        ]
        for (index, body) in bodies.enumerated() { #expect(failure(body)?.kind == "malformedPickle", "case \(index)") }
    }

    @Test func scriptClassesOnlyHoldAttributes() throws {
        let pickle = PickleBuilder.build { pickle in
            pickle.global("__torch__.evil", "system")
            pickle.op(")")
            pickle.raw([0x81])
            pickle.op("}")
            pickle.text("w")
            pickle.tensor("0", storage: 4, size: [4], stride: [1])
            pickle.op("sb")
        }
        let checkpoint = try readAll(ZipBuilder(pickle: pickle, storages: [[Float(1), 2, 3, 4].bytes]).build())
        #expect(checkpoint.format == .torchScript)
        #expect(checkpoint.names == ["w"])
    }
}
