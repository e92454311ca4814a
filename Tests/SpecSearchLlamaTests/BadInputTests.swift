import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// Files that are not what they should be: an error that names the file, never a crash.
@Suite struct BadInputTests {
    private func expectBadModel(_ path: String, _ text: String = "") async {
        await expectError(.badModelFile, text) { _ = try LlamaModel(path: path) }
        await expectError(.badModelFile, path) { _ = try LlamaModel(path: path) }
    }

    @Test func missingDirectoryAndForeignFiles() async throws {
        let directory = try ToyDirectory()
        await expectBadModel(directory.path("none.gguf"), "no model file")
        await expectBadModel(directory.url.path, "directory")
        await expectBadModel(try directory.text("empty.gguf", ""), "not a GGUF")
        await expectBadModel(try directory.text("text.gguf", "Once upon a time there was no model."), "not a GGUF")
        await expectBadModel(
            try directory.text(
                "pointer.gguf", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"), "LFS")
        await expectBadModel(try directory.text("short.gguf", "GGUF\u{3}\u{0}\u{0}\u{0}"), "truncated")
        await expectBadModel(
            try directory.text("new.gguf", "GGUF\u{9}\u{0}\u{0}\u{0}" + String(repeating: "\u{0}", count: 40)),
            "version")
    }

    @Test func truncatedAndDamagedFiles() async throws {
        let directory = try ToyDirectory()
        let whole = try Data(contentsOf: URL(fileURLWithPath: try directory.model("whole.gguf")))
        for (index, fraction) in [0.0005, 0.01, 0.05, 0.2, 0.6, 0.999].enumerated() {
            let path = directory.path("cut\(index).gguf")
            try whole.prefix(max(24, Int(Double(whole.count) * fraction))).write(to: URL(fileURLWithPath: path))
            await expectBadModel(path, "could not load")
        }
        var random = PhiloxGenerator(seed: 5)
        for index in 0..<12 {
            // Damage in the header: llama.cpp may refuse it or not notice it.
            var damaged = whole
            for _ in 0..<4 {
                damaged[Int.random(in: 8..<900, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let path = directory.path("damaged\(index).gguf")
            try damaged.write(to: URL(fileURLWithPath: path))
            do {
                _ = try LlamaModel(path: path)
            } catch {
                #expect(error.code == .badModelFile && error.message.contains(path))
            }
        }
    }

    @Test func `Texts where a header's numbers belong are no numbers, and end nothing`() throws {
        let directory = try ToyDirectory()
        var metadata = GGUFBuffer()
        metadata.string("general.architecture")
        metadata.value("llama")
        for key in ["split.count", "llama.block_count"] {
            metadata.string(key)
            metadata.array(["2", "3"])
        }
        let path = directory.path("texts.gguf")
        let tensor = (name: "token_embd.weight", shape: [32], data: [Float](repeating: 0, count: 32))
        try GGUFBuffer.file(metadata, keys: 3, [tensor]).write(to: URL(fileURLWithPath: path))
        let file = try GGUFFile(path: path)
        #expect(file.integers("split.count").isEmpty && file.count("split.count") == 2)
        #expect(GGUFFile.paths(of: path) == [path])
        #expect(try MemoryEstimate(path: path).weights == 128)
    }

    @Test(
        "A manifest is refused in our words: the key, and what it may be",
        arguments: [
            (#"{"draft":"a.gguf","temprature":1}"#, #"there is no setting "temprature"; there are name, version"#),
            (#"{"draft":"a.gguf","adapters":{"draft":[{"file":"x","skale":1}]}}"#, #"there is no setting "skale""#),
            (
                #"{"draft":"a.gguf","contextLength":9223372036854775807}"#,
                #""contextLength": it is 9223372036854775807"#
            ),
            (#"{"draft":"a.gguf","maximumStepTokens":9223372036854775807}"#, "lies in 1 ... 16777216"),
            (#"{"draft":"a.gguf","maximumStepTokens":9223372036854775808}"#, "a number that does not fit"),
            (#"{"draft":"a.gguf","numSpeculativeTokens":-1}"#, "lies in 0 ... 64"),
            (#"{"draft":"a.gguf","temperature":1e300}"#, "lies in 0.0 ... 100.0"),
            (#"{"draft":"a.gguf","temperature":"hot"}"#, #""temperature" is not a number"#),
            (#"{"draft":["a.gguf"]}"#, #""draft" is not a text"#), ("[]", "the whole is not an object"),
            (#"{"draft":"a.gguf""#, "it is no JSON"),
        ])
    func manifest(_ text: String, _ expected: String) throws {
        let directory = try ToyDirectory()
        _ = try directory.text("manifest.json", text)
        let error = #expect(throws: SpecSearchError.self) { try ModelSet(directory: directory.url.path) }
        #expect(error?.code == .badModelFile && error?.message.contains(expected) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("DecodingError") == false && error?.message.contains("codingPath") == false)
    }

    @Test(
        "A reward model's configuration is refused in our words",
        arguments: [
            (#"{"kind":"likelyhood","template":"{problem}"}"#, #""kind": there is no "likelyhood""#),
            (#"{"kind":"label"}"#, #""template" is missing"#),
            (#"{"kind":"likelihood","template":"{problem}","agregation":"product"}"#, #"no setting "agregation""#),
        ])
    func configuration(_ text: String, _ expected: String) throws {
        let directory = try ToyDirectory()
        let path = try directory.text("prm.json", text)
        let error = #expect(throws: SpecSearchError.self) { try RewardModelConfiguration.load(path: path) }
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test func vocabulariesThatDoNotFit() async throws {
        let directory = try ToyDirectory()
        _ = try directory.models()
        var words = ToyModel.words
        words.swapAt(0, 1)
        // Thoughts cross over as text, tokens cannot.
        for (shape, reason) in [
            (ToyModel.Shape(seed: 2, words: words), "draft.gguf"),
            (ToyModel.Shape(seed: 2, addsBeginToken: true), "beginning-of-text"),
        ] {
            try directory.model("draft.gguf", shape)
            let engine = try await LlamaEngine(try ModelSet(directory: directory.url.path))
            await expectError(.mismatch, reason) { _ = try engine.speculative }
        }
    }

    @Test func paddingIsClipped() async throws {
        let directory = try ToyDirectory()
        _ = try directory.models()
        try directory.model("draft.gguf", .init(seed: 2, padding: 64))
        let engine = try await LlamaEngine(try ModelSet(directory: directory.url.path))
        let thoughts = try await engine.speculative.sample([request("abc", count: 30, temperature: 3)]).thoughts[
            0]
        #expect(thoughts.allSatisfy { $0.tokens.allSatisfy { $0 < 259 + ToyModel.words.count } })
        let drafts = try await engine.small.sample([request("abc", count: 30, temperature: 3)]).thoughts[0]
        #expect(drafts.allSatisfy { $0.tokens.allSatisfy { $0 < 259 + ToyModel.words.count } })
    }

    @Test func manifestsAndDescriptions() async throws {
        let directory = try ToyDirectory()
        let manifest = try directory.models()
        #expect(manifest.sampling.maximumTokens == 12 && manifest.delimiter == "a")
        try directory.text("manifest.json", #"{"name":"none"}"#)
        await expectError(.badModelFile, "manifest.json") { _ = try ModelSet(directory: directory.url.path) }
        await expectError(.badModelFile, "manifest.json") { _ = try ModelSet(directory: directory.path("none")) }
        try directory.text(
            "manifest.json",
            #"{"draft":"draft.gguf","target":"target.gguf","prm":"prm.gguf","rewardModel":"prm.json","temperature":-1}"#
        )
        await expectError(.badModelFile, "temperature") { _ = try ModelSet(directory: directory.url.path) }
        for text in [
            "", "{}", #"{"kind":"other","template":"{problem}"}"#, #"{"kind":"likelihood","template":"x"}"#,
            #"{"kind":"label","template":"{problem}","stepToken":"="}"#,
            #"{"kind":"likelihood","template":"{problem}","calibration":{"thresholds":[0.5,0.1],"values":[0,0.5,1]}}"#,
            #"{"kind":"likelihood","template":"{problem}","calibration":{"thresholds":[0.5],"values":[0]}}"#,
        ] {
            let path = try directory.text("prm.json", text)
            await expectError(.badModelFile, path) { _ = try RewardModelConfiguration.load(path: path) }
        }
        var wrong = manifest
        wrong.chatTemplate = "no place"
        try directory.text("prm.json", #"{"kind":"likelihood","template":"{problem}"}"#)
        let template = wrong
        await expectError(.badSetting, "no place") { _ = try await LlamaEngine(template) }
        wrong.chatTemplate = "gguf"
        let own = wrong
        await expectError(.badSetting, "chat template") { _ = try await LlamaEngine(own) }
    }
}
