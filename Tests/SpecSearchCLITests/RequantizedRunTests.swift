import Foundation
import SpecSearch
import SpecSearchEvaluation
import SpecSearchLlama
import Testing

/// Runs of the program where `tune --optimize` has put another file in the target's place.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RequantizedRunTests {
    private let folder: TemporaryFolder
    private let target = Program.models + "/draft.gguf"

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) async throws -> Program.Outcome {
        try await Program.run(arguments, environment: ["XDG_CACHE_HOME": folder.file("cache")])
    }

    /// Leaves what a trial that the target won leaves; the weights are the same.
    private func requantize() throws {
        let models = RequantizedModels(root: URL(fileURLWithPath: folder.file("cache/specsearch")))
        let hash = try models.sha256(of: target)
        let file = try models.temporaryFile(hash, .init(type: .q8))
        try FileManager.default.copyItem(atPath: target, toPath: file)
        try models.keep(target, sha256: hash, .init(type: .q8), [.target: 1.2], from: file)
    }

    private func evaluate(_ output: String) -> [String] {
        [
            "evaluate", "--output", folder.file(output), "--dataset", Program.models + "/heldout.jsonl", "--limit", "1",
            "--target", target, "--chat-template", "{problem}\n\n", "--search", "self-consistency", "--beams", "1",
            "--width", "2", "--depth", "3",
        ]
    }

    @Test func `A variant's bare file name is looked for beside the file that was asked for`() async throws {
        try requantize()
        let run = try await run(
            evaluate("run") + ["--variant", "ar", "--variant", "other: target=prm.gguf, method=ar"])
        #expect(run.status == 0, "\(run.all)")
        let manifest = try RunFolder(folder.file("run")).manifest()
        #expect(manifest.models["target"]?.path.hasSuffix("/Q8_0.gguf") == true)
        #expect(manifest.models["other: target"]?.path == Program.models + "/prm.gguf")
    }

    @Test func `A run that was begun before goes on with its files, and a new one has the others`() async throws {
        let arguments = evaluate("begun") + ["--methods", "ar"]
        let begun = try await run(arguments)
        #expect(begun.status == 0, "\(begun.all)")
        try requantize()
        let resumed = try await run(arguments + ["--resume"])
        #expect(resumed.status == 0 && resumed.output == begun.output, "\(resumed.all)")
        #expect(try RunFolder(folder.file("begun")).manifest().models["target"]?.path == target)

        let other = evaluate("new") + ["--methods", "ar"]
        let new = try await run(other)
        #expect(new.status == 0, "\(new.all)")
        #expect(
            try RunFolder(folder.file("new")).manifest().models["target"]?.path.hasSuffix("/Q8_0.gguf") == true)
        let again = try await run(other + ["--resume"])
        #expect(again.status == 0, "\(again.all)")
    }

    @Test func `What runs is checked`() async throws {
        try FileManager.default.createDirectory(atPath: folder.file("set"), withIntermediateDirectories: true)
        try folder.write(
            #"{"target": "\#(target)", "chatTemplate": "{problem}\n\n", "contextLength": 512}"#,
            to: "set/manifest.json")
        let arguments = ["models", "check", folder.file("set"), "--no-timed", "--json"]
        let before = try await run(arguments)
        #expect(before.output.contains("draft.gguf") && !before.output.contains("Q8_0.gguf"), "\(before.all)")
        try requantize()
        let after = try await run(arguments)
        #expect(after.output.contains("Q8_0.gguf"), "\(after.all)")
    }
}
