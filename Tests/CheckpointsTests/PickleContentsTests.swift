import Checkpoints
import Tensors
import TestSupport
import Testing

/// What training scripts put beside the weights, and around them.
@Suite struct PickleContentsTests {
    private func checkpoint(
        storages: [[UInt8]] = [[Float(1), 2, 3, 4].bytes], _ body: (inout PickleBuilder) -> Void
    ) throws -> Checkpoint {
        try Checkpoint(contents: ZipBuilder(pickle: PickleBuilder.build(body), storages: storages).build(), path: "test")
    }

    @Test func objectsBesideTheWeightsAreListed() throws {
        let checkpoint = try checkpoint { pickle in
            pickle.mapping([
                ("model", { $0.mapping([("w", { $0.tensor([2, 2]) })]) }),
                ("config", { $0.object("omegaconf.dictconfig", "DictConfig") { $0.mapping([("a", { $0.integer(1) })]) } }),
                (
                    "kind",
                    { pickle in
                        pickle.global("__main__", "Kind")
                        pickle.integer(1)
                        pickle.raw([0x85])
                        pickle.op("R")
                    }
                ),
                ("optimizer", { $0.mapping([("state", { $0.mapping([("a", { $0.tensor([4]) }), ("b", { $0.tensor([1]) })]) })]) }),
                (
                    "callbacks",
                    { pickle in
                        pickle.op("}")
                        pickle.global("pytorch_lightning.callbacks", "ModelCheckpoint")
                        pickle.mapping([("best", { $0.tensor([]) })])
                        pickle.op("s")
                    }
                ),
                ("epoch", { $0.integer(3) }),
                ("type", { $0.global("torch", "float16") }),
            ])
        }
        #expect(checkpoint.names == ["w"])
        #expect(checkpoint.metadata == ["epoch": "3"])
        #expect(
            checkpoint.leftOut == [
                .init(name: "config", contents: "an object of omegaconf.dictconfig.DictConfig"),
                .init(name: "kind", contents: "an object of __main__.Kind"),
                .init(name: "optimizer", contents: "2 tensors"), .init(name: "callbacks", contents: "a tensor"),
            ])
    }

    /// `torch.save(model)`: the module itself with its modules, none of whose classes is known.
    @Test func aWholeModuleGivesItsParameters() throws {
        func module(_ pickle: inout PickleBuilder, parameters: [String], modules: [(String, (inout PickleBuilder) -> Void)]) {
            pickle.object("my.code", "Net") { pickle in
                pickle.mapping([
                    ("training", { $0.raw([0x88]) }),
                    ("_parameters", { $0.mapping(parameters.map { ($0, { $0.tensor([4]) }) } + [("none", { $0.op("N") })]) }),
                    ("_buffers", { $0.mapping([]) }), ("_modules", { $0.mapping(modules) }),
                ])
            }
        }
        let checkpoint = try checkpoint { pickle in
            module(&pickle, parameters: ["scale"], modules: [("inner", { module(&$0, parameters: ["weight", "bias"], modules: []) })])
        }
        #expect(checkpoint.names == ["scale", "inner.weight", "inner.bias"])
        #expect(try checkpoint.tensor("inner.bias").values == [1, 2, 3, 4])
    }

    /// Mappings and lists of classes of their own, and objects that hold everything.
    @Test func mappingsOfOtherClasses() throws {
        let mapping = try checkpoint { pickle in
            pickle.global("easydict", "EasyDict")
            pickle.op(")")
            pickle.raw([0x81])
            pickle.text("state_dict")
            pickle.mapping([("w", { $0.tensor([4]) })])
            pickle.op("s")
        }
        #expect(mapping.names == ["w"])
        let attributes = try checkpoint { $0.object("ema", "Average") { $0.mapping([("shadow", { $0.tensor([4]) })]) } }
        #expect(attributes.names == ["shadow"])
        let list = try checkpoint { pickle in
            pickle.global("my", "List")
            pickle.op(")")
            pickle.raw([0x81])
            pickle.op("(")
            pickle.tensor([2])
            pickle.tensor([1])
            pickle.op("e")
        }
        #expect(list.names == ["0", "1"])
    }

    @Test(arguments: ["ema_model", "model_ema", "state_dict", "model_state_dict", "params", "net"])
    func wrappersAreTakenOff(key: String) throws {
        let checkpoint = try checkpoint { pickle in
            pickle.mapping([
                (key, { $0.mapping([("module.w", { $0.tensor([4]) })]) }), ("other", { $0.mapping([("v", { $0.tensor([1]) })]) }),
            ])
        }
        #expect(checkpoint.names == ["w"])
        #expect(checkpoint.leftOut == [.init(name: "other", contents: "a tensor")])
    }

    /// Averages that are kept in the order of the parameters have no names, and are none of a model's.
    @Test func aMappingWithNamesComesBeforeOneWithLists() throws {
        func listOfTensors(_ pickle: inout PickleBuilder) {
            pickle.op("](")
            pickle.tensor([4])
            pickle.op("e")
        }
        let both = try checkpoint { pickle in
            pickle.mapping([
                ("ema", { $0.mapping([("shadow_params", listOfTensors)]) }), ("state_dict", { $0.mapping([("w", { $0.tensor([1]) })]) }),
            ])
        }
        #expect(both.names == ["w"] && both.leftOut == [.init(name: "ema", contents: "a tensor")])
        let alone = try checkpoint { pickle in
            pickle.mapping([("ema", { $0.mapping([("shadow_params", listOfTensors)]) }), ("other", { $0.mapping([]) })])
        }
        #expect(alone.names == ["shadow_params.0"])
    }

    @Test func tensorsThatAreNotDenseAreListed() throws {
        let checkpoint = try checkpoint { pickle in
            pickle.mapping([
                ("w", { $0.tensor([4]) }),
                (
                    "sparse",
                    { pickle in
                        pickle.global("torch._utils", "_rebuild_sparse_tensor")
                        pickle.op("NN")
                        pickle.raw([0x86])
                        pickle.op("R")
                    }
                ),
                (
                    "typed",
                    { pickle in
                        pickle.global("torch._utils", "_rebuild_tensor_v3")
                        pickle.op("(")
                        pickle.storage("0", count: 4)
                        pickle.integer(0)
                        pickle.tuple([4])
                        pickle.tuple([1])
                        pickle.op("NN")
                        pickle.global("torch", "quint8")
                        pickle.op("tR")
                    }
                ),
                ("strange", { $0.tensor("0", type: "NewStorage", storage: 4, size: [4], stride: [1]) }),
            ])
        }
        #expect(checkpoint.names == ["w"])
        #expect(
            checkpoint.leftOut.map(\.summary) == [
                "sparse: an object of torch._utils._rebuild_sparse_tensor", "typed: a tensor of torch.quint8",
                "strange: a tensor over torch.NewStorage",
            ])
    }

    // MARK: NumPy

    @Test func arraysAreRead() throws {
        let checkpoint = try checkpoint { pickle in
            pickle.mapping([
                ("w", { $0.tensor([4]) }),
                ("f8", { $0.array("f8", [2]) { $0.bytes(1.5.bitPattern.bytes + (-2.0).bitPattern.bytes) } }),
                (
                    "text",
                    { pickle in
                        // Protocol 2 has no bytes: they are the characters of a text.
                        pickle.array("f4", [1]) { pickle in
                            pickle.global("_codecs", "encode")
                            pickle.op("(")
                            pickle.text("\u{0}\u{0}\u{c0}\u{bf}")
                            pickle.text("latin1")
                            pickle.op("tR")
                        }
                    }
                ),
                ("big", { $0.array("i2", [2], order: ">") { $0.bytes([0, 1, 1, 0]) } }),
                (
                    "columns",
                    {
                        $0.array("i4", [2, 3], isColumnMajor: true) { $0.bytes((0..<6).flatMap { Int32($0).bytes }) }
                    }
                ),
                ("old", { $0.array("u1", [2, 1], module: "numpy.core.multiarray") { $0.bytes([7, 9]) } }),
                (
                    "buffer",
                    { pickle in
                        pickle.global("numpy._core.numeric", "_frombuffer")
                        pickle.op("(")
                        pickle.bytes(Float(3).bitPattern.bytes)
                        pickle.numpyType("f4")
                        pickle.tuple([1])
                        pickle.text("C")
                        pickle.op("tR")
                    }
                ),
                ("objects", { $0.array("O8", [1]) { $0.op("]") } }),
                ("short", { $0.array("f8", [2]) { $0.bytes([1, 2, 3]) } }),
                ("huge", { $0.array("f8", [1 << 61]) { $0.bytes([]) } }),
            ])
        }
        #expect(checkpoint.names == ["w", "f8", "text", "big", "columns", "old", "buffer"])
        #expect(checkpoint.entries.filter { !$0.isArray }.map(\.name) == ["w"])
        #expect(try checkpoint.tensor("f8").values == [1.5, -2])
        #expect(try checkpoint.tensor("text").values == [-1.5])
        #expect(try checkpoint.integers("big") == [1, 256])
        #expect(try checkpoint.integers("columns") == [0, 2, 4, 1, 3, 5])
        #expect(try checkpoint.tensor("columns").shape == [2, 3])
        #expect(try checkpoint.tensor("old").values == [7, 9])
        #expect(try checkpoint.tensor("buffer").values == [3])
        #expect(
            checkpoint.leftOut.map(\.summary) == [
                "objects: an array of NumPy of type 'O8'", "short: a damaged array of NumPy", "huge: a damaged array of NumPy",
            ])
    }

    @Test func aStateOfArraysAlone() throws {
        let checkpoint = try checkpoint { pickle in
            pickle.mapping([("state_dict", { $0.mapping([("w", { $0.array("f4", [1]) { $0.bytes(Float(2).bitPattern.bytes) } })]) })])
        }
        #expect(checkpoint.names == ["w"])
        #expect(try checkpoint.tensor("w").values == [2])
    }

    /// One long text, which a thousand arrays claim as their values.
    @Test func arraysCannotMultiply() throws {
        let text = String(repeating: "a", count: 100_000)
        let checkpoint = try checkpoint { pickle in
            pickle.text(text)
            pickle.raw([0x71, 0, 0x30])
            pickle.op("}(")
            for index in 0..<1000 {
                pickle.text("a\(index)")
                pickle.array("u1", [100_000]) { pickle in
                    pickle.global("_codecs", "encode")
                    pickle.op("(")
                    pickle.raw([0x68, 0])
                    pickle.text("latin1")
                    pickle.op("tR")
                }
            }
            pickle.op("u")
        }
        #expect(checkpoint.entries.count < 10)
        #expect(checkpoint.leftOut.count > 900)
    }

    // MARK: Signs that are noted and not computed

    private func signed(_ type: String, _ size: Int, bits: [String]) -> [UInt8] {
        PickleBuilder.build { pickle in
            pickle.op("}")
            pickle.text("w")
            pickle.global("torch._utils", "_rebuild_tensor_v2")
            pickle.op("(")
            pickle.storage("0", type: type, count: size)
            pickle.integer(0)
            pickle.tuple([size])
            pickle.tuple([1])
            pickle.raw([0x89])
            pickle.global("collections", "OrderedDict")
            pickle.op(")R")
            pickle.mapping(bits.map { ($0, { $0.raw([0x88]) }) })
            pickle.op("tRs")
        }
    }

    @Test(arguments: ["FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage", "IntStorage", "CharStorage"])
    func theNegativeBitIsObeyed(type: String) throws {
        let bytes: [String: [UInt8]] = [
            "FloatStorage": [Float(1), -2, 0].bytes, "DoubleStorage": [1.0, -2.0, 0.0].flatMap(\.bitPattern.bytes),
            "HalfStorage": [UInt16(0x3c00), 0xc000, 0].flatMap(\.bytes), "BFloat16Storage": [UInt16(0x3f80), 0xc000, 0].flatMap(\.bytes),
            "IntStorage": [Int32(1), -2, 0].flatMap(\.bytes), "CharStorage": [1, 0xfe, 0],
        ]
        let file = ZipBuilder(pickle: signed(type, 3, bits: ["neg"]), storages: [bytes[type]!]).build()
        let checkpoint = try readAll(file)
        #expect(try checkpoint.tensor("w").values == [-1, 2, 0])
        #expect(checkpoint.memory(of: "w") == nil)
        // The conjugate of a real value is itself.
        let real = ZipBuilder(pickle: signed(type, 3, bits: ["conj"]), storages: [bytes[type]!]).build()
        #expect(try readAll(real).tensor("w").values == [1, -2, 0])
    }

    @Test func complexValuesAreListedAndTheirBitsObeyed() throws {
        for (bits, expected) in [([], [1, 2]), (["conj"], [1, -2]), (["neg"], [-1, -2]), (["conj", "neg"], [-1, 2])] as [([String], [Float])] {
            let pickle = signed("ComplexFloatStorage", 1, bits: bits)
            let checkpoint = try Checkpoint(contents: ZipBuilder(pickle: pickle, storages: [[Float(1), 2].bytes]).build(), path: "test")
            #expect(checkpoint.entry("w")?.type == .c64)
            #expect(try checkpoint.rawBytes("w") { Array($0) } == expected.bytes, "\(bits)")
            #expect(failure { _ = try checkpoint.tensor("w") }?.kind == "typeMismatch")
        }
    }
}
