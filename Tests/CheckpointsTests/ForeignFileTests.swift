import Checkpoints
import Foundation
import TestSupport
import Testing

/// Files that are no checkpoint: each is named for what it is, with what to do.
@Suite struct ForeignFileTests {
    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
        ("<!DOCTYPE html>\n<html><head><title>404</title></head></html>", "an HTML page"),
        ("\n\n<html lang=en>not found</html>", "an HTML page"),
        ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML document"),
        ("Invalid username or password.", "a text file that begins with 'Invalid username"),
        ("GGUF\u{3}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", "a GGUF file"),
        ("tjgg\u{3}\u{0}\u{0}\u{0}", "a GGUF file"), ("lmgg\u{1}\u{0}\u{0}\u{0}", "a GGUF file"),
        ("", "an empty file"),
        ("cos\nsystem\n(S'true'\ntR.", "a bare Python pickle"), ("(dp0\nS'a'\np1\nI1\ns.", "a bare Python pickle"),
        ("{\"error\": \"Repository not found\"}", "weight_map"),
        ("%PDF-1.7\n", "a PDF file"), ("BZh91AY&SY", "bunzip2"),
    ])
    func texts(contents: String, expected: String) {
        let error = failure(Array(contents.utf8))
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func binaries() {
        let cases: [([UInt8], String)] = [
            ([0x80, 4, 0x95, 3, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x94, 0x2e], "a bare Python pickle"),
            ([0x80, 2, 0x7d, 0x71, 0, 0x2e], "load it in Python"),
            ([0x80, 3, 0x7d, 0x71, 0, 0x58], "a bare Python pickle"),
            ([0x89] + .utf8("HDF\r\n\u{1a}\n") + [UInt8](repeating: 0, count: 64), "an HDF5 file, as TensorFlow"),
            ([0x1c, 0, 0, 0] + .utf8("TFL3") + [UInt8](repeating: 0, count: 64), "TensorFlow Lite"),
            ([UInt8](repeating: 1, count: 60) + [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], "the index of a TensorFlow checkpoint"),
            ([0x08, 1, 0x12, 0x20] + .utf8("serve and Placeholder") + [0], "a TensorFlow model"),
            ([0x08, 7, 0x12, 7] + .utf8("pytorch") + [0x1a, 3], "an ONNX file"),
            ([0x93] + .utf8("NUMPY") + [1, 0], "an array of NumPy"),
            ([0x1f, 0x8b, 8, 0], "gunzip"), ([0x28, 0xb5, 0x2f, 0xfd, 0], "unzstd"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "unxz"),
            ([UInt8](repeating: 0, count: 5000), "zero bytes"),
            (.utf8("weights/") + [UInt8](repeating: 0, count: 249) + .utf8("ustar") + [UInt8](repeating: 0, count: 250), "tar xf"),
            (.utf8("storages") + [UInt8](repeating: 0, count: 249) + .utf8("ustar") + [UInt8](repeating: 0, count: 250), "older PyTorch"),
        ]
        for (bytes, expected) in cases {
            let error = failure(bytes)
            #expect(error?.kind == "unrecognisedFormat", "\(expected)")
            #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        }
    }

    @Test func archivesOfOthers() {
        for (names, expected) in [
            (["arr_0.npy"], "archive of NumPy's arrays"), (["config.json", "metadata.json", "model.weights.h5"], "a Keras file"),
            (["model.safetensors"], "unpack it with `unzip`"), (["word/document.xml"], "a zip archive that PyTorch did not write"),
        ] {
            let error = failure(ZipBuilder(names.map { .init(name: $0, data: [1]) }).build())
            #expect(error?.kind == "unrecognisedFormat" && error?.description.contains(expected) == true, "\(String(describing: error))")
        }
    }
}
