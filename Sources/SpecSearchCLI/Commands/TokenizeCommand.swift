internal import ArgumentParser
internal import Foundation
internal import SpecSearchLlama

/// `specsearch tokenize`: for the training script, which checks that both sides see the same tokens.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Print the token ids of texts.",
        discussion: "Standard input holds one text a line, each as a JSON string.", shouldDisplay: false)

    @Argument(help: "The GGUF file whose vocabulary is used.")
    var model: String

    func run() throws {
        try ModelTrial.check(ModelSet(draft: model))
        let vocabulary = try LlamaModel(path: model).vocabulary
        let decoder = JSONDecoder()
        var number = 0
        while let line = readLine() {
            number += 1
            guard let text = try? decoder.decode(String.self, from: Data(line.utf8)) else {
                throw ValidationError("Line \(number) of standard input is not a JSON string.")
            }
            try StandardStreams.print("[" + vocabulary.tokenize(text).map(String.init).joined(separator: ",") + "]")
        }
        try StandardStreams.checkEnd()
    }
}
