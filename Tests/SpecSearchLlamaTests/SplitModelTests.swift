import CLlama
import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// Models in several files, `NAME-00001-of-00003.gguf` and so on.
@Suite struct SplitModelTests {
    private static let shipped = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models")

    /// Splits a model as llama.cpp's tool does, and answers the parts' paths.
    private func split(_ source: String, into count: Int, _ directory: ToyDirectory) throws -> [String] {
        var tensors: OpaquePointer?
        let opened = withUnsafeMutablePointer(to: &tensors) {
            gguf_init_from_file(source, gguf_init_params(no_alloc: false, ctx: $0))
        }
        let model = try #require(opened)
        defer {
            gguf_free(model)
            ggml_free(tensors)
        }
        let total = gguf_get_n_tensors(model)
        return try (0..<count).map { part in
            let file = try #require(gguf_init_empty())
            defer { gguf_free(file) }
            if part == 0 { gguf_set_kv(file, model) }
            gguf_set_val_u16(file, "split.no", UInt16(part))
            gguf_set_val_u16(file, "split.count", UInt16(count))
            gguf_set_val_i32(file, "split.tensors.count", Int32(total))
            for id in 0..<total where id * Int64(count) / total == part {
                gguf_add_tensor(file, ggml_get_tensor(tensors, gguf_get_tensor_name(model, id)))
            }
            let path = directory.path("model-0000\(part + 1)-of-0000\(count).gguf")
            #expect(gguf_write_to_file(file, path, false))
            return path
        }
    }

    @Test func `A model in three parts is the model`() async throws {
        let directory = try ToyDirectory()
        let whole = Self.shipped.appending(path: "prm.gguf").path
        let parts = try split(whole, into: 3, directory)
        #expect(GGUFFile.paths(of: parts[0]) == parts && GGUFFile.paths(of: whole) == [whole])
        #expect(try MemoryEstimate(path: parts[0]) == MemoryEstimate(path: whole))
        #expect(try LlamaModel(path: parts[0]).parameterCount == LlamaModel(path: whole).parameterCount)
        let check = try ModelCheck(ModelSet(target: parts[0], chatTemplate: "{problem}\n\n", contextLength: 512))
        #expect(check.level < .error && check.models.map(\.path) == [parts[0]], "\(check.findings)")
        var thoughts: [[String]] = []
        for path in [whole, parts[0]] {
            let engine = try await LlamaEngine(ModelSet(target: path, delimiter: "."))
            thoughts.append(try await engine.large.sample([request("Tom has 2", count: 3)]).thoughts[0].map(\.text))
        }
        #expect(thoughts[0] == thoughts[1])
    }

    @Test func `A split model behind links, as in the hub's cache, can be requantised`() throws {
        let directory = try ToyDirectory()
        let parts = try split(Self.shipped.appending(path: "draft.gguf").path, into: 2, directory)
        let snapshot = directory.url.appendingPathComponent("snapshot")
        try FileManager.default.createDirectory(at: snapshot, withIntermediateDirectories: true)
        for (number, part) in parts.enumerated() {
            let blob = directory.path("blob\(number)")
            try FileManager.default.moveItem(atPath: part, toPath: blob)
            try FileManager.default.createSymbolicLink(
                atPath: snapshot.appendingPathComponent((part as NSString).lastPathComponent).path,
                withDestinationPath: blob)
        }
        let first = snapshot.appendingPathComponent((parts[0] as NSString).lastPathComponent).path
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        let trials = try models.optimize(ModelSet(draft: first))
        #expect(!trials.isEmpty && trials.allSatisfy { $0.original == first })
    }

    @Test func `All parts tell a model from another`() throws {
        let directory = try ToyDirectory()
        let parts = try split(Self.shipped.appending(path: "draft.gguf").path, into: 2, directory)
        func sizeOfFile(_ path: String) throws -> Int64 {
            Int64(try Data(contentsOf: URL(fileURLWithPath: path)).count)
        }
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        #expect(try RequantizedModels.size(parts[0]) == sizeOfFile(parts[0]) + sizeOfFile(parts[1]))
        let hash = try models.sha256(of: parts[0])
        let fingerprint = CostModelCache.fingerprint(parts[0])
        // The last weights of the second part.
        let second = URL(fileURLWithPath: parts[1])
        var bytes = try Data(contentsOf: second)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: second)
        #expect(try models.sha256(of: parts[0]) != hash)
        #expect(CostModelCache.fingerprint(parts[0]) != fingerprint)
    }

    @Test func `A later part, a missing one and a renamed one are refused with what to do`() async throws {
        let directory = try ToyDirectory()
        let parts = try split(Self.shipped.appending(path: "draft.gguf").path, into: 2, directory)
        func remedy(_ path: String) -> String {
            do throws(SpecSearchError) {
                _ = try LlamaModel(path: path)
                return ""
            } catch {
                #expect(error.code == .badModelFile && error.message.contains(path), "\(error)")
                return error.remedy
            }
        }
        #expect(remedy(parts[1]).contains("Name the first part, \(parts[0])"))
        let renamed = directory.path("model.gguf")
        try FileManager.default.copyItem(atPath: parts[0], toPath: renamed)
        #expect(remedy(renamed).contains("the names that they had"))
        try FileManager.default.removeItem(atPath: parts[1])
        #expect(remedy(parts[0]).contains("same folder"))
        await expectError(.badModelFile, "\(parts[1]) is missing") {
            _ = try await LlamaEngine(ModelSet(target: parts[0]))
        }
        let check = try ModelCheck(ModelSet(target: parts[0]))
        #expect(check.level == .error && check.findings.contains { $0.text.contains("\(parts[1]) is missing") })
    }
}
