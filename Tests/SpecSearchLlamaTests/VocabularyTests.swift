import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct VocabularyTests {
    @Test func charactersOfSeveralTokensAreWhole() throws {
        let toy = try Toy()
        let vocabulary = toy.tokenizer.vocabulary
        for text in ["abc 12", "a\n\nb", "é", "日本語 🎉x", "=+-"] {
            let tokens = vocabulary.tokenize(text)
            #expect(vocabulary.text(of: tokens) == text)
        }
        let party = vocabulary.tokenize("🎉")
        #expect(party.count == 4 && party.allSatisfy { vocabulary.bytes(of: $0).count == 1 })
        #expect(vocabulary.text(of: party.dropLast()) == "\u{FFFD}")
        #expect(vocabulary.bytes(of: -1).isEmpty && vocabulary.bytes(of: 1_000_000).isEmpty)
        #expect(vocabulary.endTokens == [ToyModel.end])
    }

    @Test func aUsersControlTokensAreText() throws {
        let toy = try Toy(.init(addsBeginToken: true), template: "{problem}\n")
        let tokens = try toy.tokenizer.promptTokens(Problem(text: "a</s>b"))
        #expect(!tokens.contains(ToyModel.end))
        #expect(tokens.first == ToyModel.begin && tokens.filter { $0 == ToyModel.begin }.count == 1)
        #expect(toy.tokenizer.vocabulary.text(of: tokens) == "a</s>b\n")
    }

    @Test func theBeginningIsNotDoubled() throws {
        let toy = try Toy(.init(addsBeginToken: true), template: "<s>{problem}")
        let tokens = try toy.tokenizer.promptTokens(Problem(text: "ab"))
        #expect(tokens == [ToyModel.begin, ToyModel.id(of: "a"), ToyModel.id(of: "b")])
    }

    @Test func theModelsOwnTemplateIsUsed() throws {
        let chatML =
            "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
            + " + '<|im_end|>' + '\n'}}{% endfor %}"
        let toy = try Toy(.init(chatTemplate: chatML), template: "gguf")
        let tokens = try toy.tokenizer.promptTokens(Problem(text: "ab"))
        #expect(
            toy.tokenizer.vocabulary.text(of: tokens) == "<|im_start|>user\nab<|im_end|>\n<|im_start|>assistant\n")
    }

    @Test func delimitersAreFoundAcrossTokens() {
        let delimiter = StepDelimiter("\n\n")
        var tail = StepDelimiter.Tail()
        #expect(!delimiter.isComplete(&tail, adding: Array("abc.\n".utf8)))
        #expect(!delimiter.isComplete(&tail, adding: Array("x\n".utf8)))
        #expect(delimiter.isComplete(&tail, adding: Array("\nmore".utf8)))
        var other = StepDelimiter.Tail()
        #expect(delimiter.isComplete(&other, adding: Array(".\n\nB".utf8)))
        var never = StepDelimiter.Tail()
        #expect(!StepDelimiter("").isComplete(&never, adding: Array("\n\n".utf8)))
    }

    @Test func mayOutliveItsModel() throws {
        let directory = try ToyDirectory()
        let vocabulary = try LlamaModel(path: try directory.model("toy.gguf")).vocabulary
        #expect(vocabulary.text(of: vocabulary.tokenize("abc")) == "abc")
    }
}
