import Foundation
import Testing

/// Model files that end the process that loads them: no command is ended by one.
@Suite struct ModelTrialTests {
    /// A folder with the shipped models, of which the draft is edited, and a cache of its own.
    private struct Models {
        let folder: TemporaryFolder
        var path: String { folder.file("models") }
        var environment: [String: String] { ["XDG_CACHE_HOME": folder.file("cache")] }

        init(_ edit: (inout Data) throws -> Void) throws {
            folder = try TemporaryFolder()
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for name in ["target.gguf", "prm.gguf", "prm.json", "manifest.json"] {
                try FileManager.default.createSymbolicLink(
                    atPath: path + "/" + name, withDestinationPath: Program.models + "/" + name)
            }
            var data = try Data(contentsOf: URL(fileURLWithPath: Program.models + "/draft.gguf"))
            try edit(&data)
            try data.write(to: URL(fileURLWithPath: path + "/draft.gguf"))
        }

        /// With a value of four bytes in the header changed.
        init(_ key: String, _ bits: UInt32) throws {
            try self.init { data in
                let name = try #require(data.firstRange(of: Data(key.utf8)))
                let place = name.upperBound + 4
                withUnsafeBytes(of: bits.littleEndian) { data.replaceSubrange(place..<place + 4, with: $0) }
            }
        }

        func run(_ arguments: [String]) async throws -> Program.Outcome {
            try await Program.run(arguments, environment: environment)
        }
    }

    private static let small = ["--beams", "2", "--width", "2"]

    private static let edits: [(key: String, bits: UInt32)] = [
        ("llama.block_count", 0), ("llama.block_count", .max), ("llama.block_count", 1000),
        ("llama.attention.layer_norm_rms_epsilon", Float(-1).bitPattern), ("llama.attention.head_count", 0),
        ("llama.attention.head_count_kv", 0), ("llama.attention.head_count_kv", 3), ("llama.embedding_length", .max),
        ("llama.embedding_length", 0), ("llama.context_length", 0), ("llama.rope.dimension_count", .max),
        ("llama.feed_forward_length", 0), ("tokenizer.ggml.eos_token_id", .max),
    ]

    @Test(
        "A damaged header ends no command: the file is named, whatever llama.cpp makes of it", arguments: edits.indices)
    func header(_ index: Int) async throws {
        let edit = Self.edits[index]
        let models = try Models(edit.key, edit.bits)
        for command in [
            ["models", "check", models.path, "--no-timed"],
            ["solve", "--example", "--models", models.path] + Self.small,
        ] {
            let run = try await models.run(command)
            // Some edits llama.cpp does not mind; none ends by a signal.
            #expect(run.status == 0 || run.status == 1, "\(edit): \(run.status) \(run.all)")
            if run.status == 1 { #expect(run.all.contains("draft.gguf"), "\(edit): \(run.all)") }
        }
    }

    @Test func `A file that would end the program is refused with what was asserted`() async throws {
        let models = try Models("llama.attention.layer_norm_rms_epsilon", Float(-1).bitPattern)
        let check = try await models.run(["models", "check", models.path, "--no-timed"])
        #expect(check.status == 1 && check.output.contains("would end this program when it is loaded"), "\(check.all)")
        #expect(check.output.contains("an assertion: ops.cpp:"), "\(check.all)")
        let solve = try await models.run(["solve", "--example", "--models", models.path])
        #expect(solve.status == 1 && solve.errors.contains("would end this program when it is loaded"), "\(solve.all)")
        // A file alone is checked, too.
        let file = try await models.run(["models", "check", models.path + "/draft.gguf", "--no-timed"])
        #expect(file.status == 1 && file.output.contains("an assertion: ops.cpp:"), "\(file.all)")
    }

    @Test func `A tokenizer that makes nothing of a problem is the model's fault, not the problem's`() async throws {
        let models = try Models { data in
            // What was ASCII becomes bytes that no text has.
            let place = try #require(data.firstRange(of: Data("tokenizer.ggml.tokens".utf8))).upperBound
            let end = try #require(data.firstRange(of: Data("tokenizer.ggml.token_type".utf8))).lowerBound
            var index = place + 16
            while index + 8 < end {
                let length = data[index..<index + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
                guard (1...64).contains(length), index + 8 + length <= end else { break }
                for byte in 0..<length { data[index + 8 + byte] ^= 0x80 }
                // With which the stand-ins of spaces and line feeds begin.
                if length == 1, data[index + 8] == 0xC4 { data[index + 8] = 0x80 }
                index += 8 + length
            }
        }
        let check = try await models.run(["models", "check", models.path, "--no-timed"])
        #expect(check.status == 1 && check.output.contains("cannot write the delimiter"), "\(check.all)")
        let solve = try await models.run(
            ["solve", "--example", "--method", "specsearch", "--models", models.path] + Self.small)
        #expect(solve.status == 1 && solve.errors.contains("makes no token of the problem"), "\(solve.all)")
    }

    @Test func `A reward model that fails its examples is found by models check, as solve would find it`() async throws
    {
        let models = try Models { _ in }
        let shipped = try await models.run(["models", "check", models.path, "--no-timed"])
        #expect(shipped.status == 0 && shipped.output.contains("tells the good step"), "\(shipped.all)")
        let file = URL(fileURLWithPath: models.path + "/prm.json")
        var text = try String(contentsOf: file, encoding: .utf8)
        // Its good step becomes the bad one.
        for (old, new) in [("\"good\"", "\"x\""), ("\"bad\"", "\"good\""), ("\"x\"", "\"bad\"")] {
            #expect(text.contains(old))
            text = text.replacing(old, with: new)
        }
        try FileManager.default.removeItem(at: file)
        try Data(text.utf8).write(to: file)
        let check = try await models.run(["models", "check", models.path, "--no-timed"])
        let solve = try await models.run(["solve", "--example", "--models", models.path])
        for said in [check.output, solve.errors] {
            #expect(said.contains("gives the good step \"") && said.contains("\\n\\n\" the score"), "\(said)")
            #expect(said.contains("Its configuration does not fit it"), "\(said)")
        }
        #expect(check.status == 1 && solve.status == 1)
    }

    @Test func `Two tokens of one text end no command`() async throws {
        let models = try Models { data in
            // The vocabulary's "!" and "\"": eight bytes of length, and one of text.
            let place = try #require(data.firstRange(of: Data([1, 0, 0, 0, 0, 0, 0, 0, 0x22])))
            data[place.upperBound - 1] = 0x21
        }
        let run = try await models.run(["models", "check", models.path, "--no-timed"])
        #expect(run.status == 0 || run.status == 1, "\(run.status) \(run.all)")
    }

    @Test("Weights that are no numbers are found by models check", arguments: [Float.nan, .infinity])
    func weights(_ value: Float) async throws {
        let models = try Models { data in
            // Half precision, near the file's end.
            let bits: UInt16 = value.isNaN ? 0x7E00 : 0x7C00
            let place = data.count - 4096
            withUnsafeBytes(of: bits.littleEndian) { data.replaceSubrange(place..<place + 2, with: $0) }
        }
        let run = try await models.run(["models", "check", models.path, "--no-timed"])
        #expect(run.status == 1 && run.output.contains("weights that are no finite numbers"), "\(run.all)")
        #expect(run.output.contains("draft.gguf"), "\(run.all)")
    }

    @Test func `A file that was fit is tried once, and again after it has changed`() async throws {
        let models = try Models { _ in }
        let mark = models.folder.file("cache/specsearch/fit")
        func count() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: mark))?.count ?? 0 }
        let solve = ["solve", "--example", "--quiet", "--models", models.path] + Self.small
        #expect(try await models.run(solve).status == 0)
        #expect(count() == 3)
        #expect(try await models.run(solve).status == 0)
        #expect(count() == 3)
        let file = models.path + "/draft.gguf"
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        try data.write(to: URL(fileURLWithPath: file), options: .atomic)
        #expect(try await models.run(solve).status == 0)
        #expect(count() == 4)
    }
}
