import Foundation
import ModelHub
import SpecSearch
import Testing

/// Which file a reference means.
@Suite struct ChoiceTests {
    private static let repository = "maker/Model-GGUF"
    let bench: Bench
    let hub: TestHub

    init() throws {
        bench = try Bench()
        hub = try TestHub()
        fill([
            ".gitattributes", "README.md", "Model-Q4_K_M.gguf", "Model-Q4_K.gguf", "Model-Q8_0.gguf",
            "Model.IQ4_XS.gguf", "mmproj-Model-f16.gguf", "imatrix.gguf", "Model-Q6_K-00001-of-00003.gguf",
            "Model-Q6_K-00002-of-00003.gguf",
            "Model-Q6_K-00003-of-00003.gguf", "Model-f16-00001-of-00002.gguf", "big/Model-Q5_0.gguf", "a/M-Q2_K.gguf",
            "b/M-Q2_K.gguf",
        ])
    }

    private func fill(_ names: [String]) {
        hub.change { hub in
            hub.files[Self.repository] = Dictionary(
                uniqueKeysWithValues: names.map { ($0, Array("bytes of \($0)".utf8)) })
        }
    }

    @Test(arguments: [
        ("Q4_K_M", "Model-Q4_K_M.gguf"), ("q4_k_m", "Model-Q4_K_M.gguf"), ("Q4_K", "Model-Q4_K.gguf"),
        ("Q8_0", "Model-Q8_0.gguf"), ("IQ4_XS", "Model.IQ4_XS.gguf"), ("Q5_0", "big/Model-Q5_0.gguf"),
    ])
    func `A quantisation picks its file, whatever the case`(name: String, path: String) async throws {
        let set = try await bench.store(hub).pull("hf:maker/Model-GGUF:\(name)")
        #expect(set.files[.target]?.hasSuffix("/" + path) == true)
        #expect(Bench.bytes(set.files[.target]) == Array("bytes of \(path)".utf8))
        #expect(set.entry.name == "maker--Model-GGUF--\(name)")
    }

    @Test(arguments: [
        ("hf:maker/Model-GGUF:Q3_K", SpecSearchError.Code.notFound, "Model-Q8_0.gguf"),
        ("hf:maker/Model-GGUF:Q2_K", .badSetting, "a/M-Q2_K.gguf, b/M-Q2_K.gguf"),
        ("hf:maker/Model-GGUF", .badSetting, "Model-Q4_K_M.gguf"),
        ("hf:maker/Model-GGUF:f16", .notFound, "another model"),
        ("hf:maker/None-GGUF:Q4_0", .notFound, "Check the names"),
        ("hf:maker/Model-GGUF/none.gguf", .notFound, "Check the names"),
        ("nothing", .notFound, "hf:OWNER"),
    ])
    func `None and several are errors that list what there is`(
        reference: String, code: SpecSearchError.Code, remedy: String
    ) async throws {
        let store = try bench.store(hub)
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == code)
        #expect(error.remedy.contains(remedy), "\(error)")
        #expect(!error.remedy.contains("mmproj"))
    }

    @Test func `The only model of a repository needs no quantisation`() async throws {
        fill(["README.md", "only.gguf", "mmproj-only.gguf"])
        let store = try bench.store(hub)
        let set = try await store.pull("hf:maker/Model-GGUF")
        #expect(set.files[.target]?.hasSuffix("/only.gguf") == true)
        hub.server.forget()
        #expect(try await store.pull("hf:maker/Model-GGUF") == set)
        #expect(hub.server.requests.isEmpty)
    }

    @Test(arguments: ["hf:maker/Model-GGUF:Q6_K", "hf:maker/Model-GGUF/Model-Q6_K-00002-of-00003.gguf"])
    func `All parts of a split model are pulled, and the first names it`(reference: String) async throws {
        let store = try bench.store(hub)
        let set = try await store.pull(reference)
        let first = try #require(set.files[.target])
        #expect(first.hasSuffix("/Model-Q6_K-00001-of-00003.gguf"))
        let names = Bench.names((first as NSString).deletingLastPathComponent)
        #expect(names == (1...3).map { "Model-Q6_K-0000\($0)-of-00003.gguf" })
        #expect(set.size == 3 * Int64("bytes of Model-Q6_K-00001-of-00003.gguf".utf8.count))
        // A part that is lost is missed and brought back.
        try FileManager.default.removeItem(
            atPath: (first as NSString).deletingLastPathComponent + "/Model-Q6_K-00003-of-00003.gguf")
        #expect(await failure { try store.path(reference) }?.code == .notFound)
        #expect(try await store.pull(reference) == set)
    }

    @Test func `A long list comes in pages`() async throws {
        hub.change { $0.page = 4 }
        let set = try await bench.store(hub, ["HF_TOKEN": "secret"]).pull("hf:maker/Model-GGUF:Q8_0")
        #expect(set.files[.target]?.hasSuffix("/Model-Q8_0.gguf") == true)
        let lists = hub.server.requests.filter { $0.path.hasPrefix("/api/") }
        #expect(lists.count == 4)
        #expect(lists.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
    }

    @Test(arguments: [
        "", "hf:", "hf:maker", "hf:maker/", "hf:/name", "hf:maker/na me", "hf:maker/name:", "hf:maker/name/",
        "hf:maker/name/../x.gguf", "hf:maker/name//x.gguf", "hf:../name", "hf:maker/..", "hf:maker/name/x.txt",
        "a/b", "../a", "-a", ".a", "a b", "hf:a--b/c",
    ])
    func `What names nothing is refused before it becomes a path`(text: String) async {
        #expect(await failure { try ModelReference(text) }?.code == .badSetting)
    }

    @Test(arguments: [
        "qwen2.5-coder", "hf:maker/Name", "hf:maker/Name:Q4_K_M", "hf:maker/Name/x.gguf", "hf:maker/Name/a/b/x.gguf",
    ])
    func `A reference reads as it was written`(text: String) throws {
        #expect(try ModelReference(text).description == text)
    }

    @Test(arguments: ["../../etc/x", "a/b", "", ".hidden", String(repeating: "x", count: 200)])
    func `An ETag that is no name is refused`(etag: String) async throws {
        let server = try LoopbackServer { _ in
            .init(headers: ["X-Linked-Etag": "\"\(etag)\"", "X-Linked-Size": "3"], body: [1, 2, 3])
        }
        let store = try bench.store(bench.environment("http://127.0.0.1:\(server.port)"))
        let error = try #require(await failure { try await store.pull("hf:maker/Name/x.gguf") })
        #expect(error.code == .unavailable)
        #expect(Bench.names(bench.cache) == [])
    }

    @Test func `A server that redirects for ever is left`() async throws {
        let server = try LoopbackServer { .init(status: 302, headers: ["Location": $0.path]) }
        let store = try bench.store(bench.environment("http://127.0.0.1:\(server.port)"), attempts: 1)
        let error = try #require(await failure { try await store.pull("hf:maker/Name/x.gguf") })
        #expect(error.message.contains("too many redirects"))
    }
}
