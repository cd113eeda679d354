import FlowTok
import Tensors
import TestSupport
import Testing
import TextTokenizers

@Suite struct NameIndexTests {
    @Test func aNameLiesWhereItsCaptionDoes() throws {
        let flowtok = try FlowTok(model: TinyModel.path())
        let tokenizer = try #require(flowtok.textTokenizer as? SentencePieceTokenizer)
        let latents = try NameIndex.latents(of: flowtok.model, tokenizer)
        let names = EmojiNames.shared.entries
        let shape = flowtok.model.latentShape
        #expect(latents.shape == [names.count, shape[0] * shape[1]])
        let index = try #require(NameIndex(latents, shape: shape))
        for entry in [0, 63, 64, names.count - 1] {
            let image = latents.sliced(axis: 0, entry..<entry + 1).reshaped([1] + shape)
            let found = index.nearest(to: .concatenated([image, image * 2], axis: 0), 5)
            #expect(found.count == 2 && found.allSatisfy { $0.count == 5 })
            // Names that begin alike are the same to a tiny vocabulary.
            #expect(abs(found[0][0].distance) < 1e-4)
            #expect(found.allSatisfy { zip($0, $0.dropFirst()).allSatisfy { $0.distance <= $1.distance } })
            let mean = try flowtok.model.textVariationalEncoder(
                flowtok.model.textEncoder(tokenizer.encode("\(names[entry].article) \(names[entry].name)".trimmingPrefix { $0 == " " }.description))
            ).mean
            #expect((mean.reshaped([1] + shape) - image).norm < 1e-3)
        }
        #expect(NameIndex(latents.sliced(axis: 0, 0..<5), shape: shape) == nil)
        #expect(NameIndex(latents, shape: [shape[0], shape[1] + 1]) == nil && NameIndex(latents.reshaped([latents.count]), shape: shape) == nil)
        #expect(NameIndex.tensorName().hasPrefix("names.") && NameIndex.tensorName() == NameIndex.tensorName())
    }
}
