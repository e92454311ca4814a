import Foundation
import ModelHub
import SpecSearch
import Testing

/// Lists, manifests and removals.
@Suite struct StoreTests {
    let bench: Bench
    let hub: TestHub
    let small = Bench.noise(3000, seed: 1)
    let large = Bench.noise(9000, seed: 2)
    let judge = Bench.noise(500, seed: 3)

    init() throws {
        bench = try Bench()
        hub = try TestHub([
            "a/Small": ["small.gguf": small], "a/Large": ["large.gguf": large, "judge-Q4_0.gguf": judge],
        ])
    }

    private func file(_ repository: String, _ name: String, _ bytes: [UInt8]) -> ModelFile {
        ModelFile(
            sources: [.hub(.init(repository: repository, choice: .file(name)))], size: Int64(bytes.count),
            sha256: TestHub.hash(bytes))
    }

    private var entries: [CatalogueEntry] {
        let small = file("a/Small", "small.gguf", small)
        let judge = ModelFile(sources: [.hub(.init(repository: "a/Large", choice: .quantization("Q4_0")))])
        return [
            CatalogueEntry(name: "trio", directory: "Models"),
            CatalogueEntry(
                name: "pair", summary: "two", licence: "MIT", tried: true,
                roles: [.draft: small, .target: file("a/Large", "large.gguf", large), .rewardModel: judge],
                answerPrefix: "So ", temperature: 0.5, maximumStepTokens: 99, contextLength: 777,
                rewardModel: .object(["kind": .string("label"), "goodId": .integer(10)])),
            CatalogueEntry(name: "alone", roles: [.draft: small, .target: small]),
        ]
    }

    @Test func `A manifest has the roles, the settings, and the reward model's description`() async throws {
        let set = try await bench.store(hub, entries: entries).pull("pair")
        #expect(set.folder == bench.folder + "/home/specsearch/sets/pair")
        let data = try Data(contentsOf: URL(fileURLWithPath: set.manifest))
        let values = try JSONDecoder().decode([String: JSONValue].self, from: data)
        let draft = try #require(set.files[.draft])
        let target = try #require(set.files[.target])
        let prm = try #require(set.files[.rewardModel])
        #expect(
            values == [
                "name": .string("pair"), "version": .string("1"), "draft": .string(draft), "target": .string(target),
                "prm": .string(prm), "rewardModel": .string(set.folder + "/prm.json"), "chatTemplate": .string("gguf"),
                "delimiter": .string("\n\n"), "answerPrefix": .string("So "), "temperature": .number(0.5),
                "maximumStepTokens": .integer(99), "contextLength": .integer(777),
            ])
        #expect(draft.hasPrefix("/") && Bench.bytes(draft) == small)
        #expect(Bench.bytes(target) == large)
        #expect(Bench.bytes(prm) == judge)
        let description = try Data(contentsOf: URL(fileURLWithPath: set.folder + "/prm.json"))
        #expect(
            try JSONDecoder().decode(JSONValue.self, from: description)
                == .object(["kind": .string("label"), "goodId": .integer(10)]))
    }

    @Test func `A role that a set does not have is left out, and a shared file comes once`() async throws {
        let set = try await bench.store(hub, entries: entries).pull("alone")
        let data = try Data(contentsOf: URL(fileURLWithPath: set.manifest))
        let values = try JSONDecoder().decode([String: JSONValue].self, from: data)
        #expect(values["prm"] == nil && values["rewardModel"] == nil)
        #expect(values["draft"] == values["target"])
        #expect(set.size == 3000)
        #expect(hub.server.requests.count { $0.method == "HEAD" } == 1)
    }

    @Test func `Adapters are pulled with their model, stand in the manifest, and go with it`() async throws {
        let base = file("a/Small", "small.gguf", small)
        let entry = CatalogueEntry(
            name: "adapted", roles: [.target: base, .rewardModel: base],
            adapters: [.rewardModel: [AdapterFile(file: file("a/Large", "large.gguf", large), scale: 0.5)]])
        #expect(try JSONDecoder().decode(CatalogueEntry.self, from: JSONEncoder().encode(entry)) == entry)
        let store = try bench.store(hub, entries: [entry])
        let set = try await store.pull("adapted")
        let data = try Data(contentsOf: URL(fileURLWithPath: set.manifest))
        let values = try JSONDecoder().decode([String: JSONValue].self, from: data)
        guard case .object(let adapters)? = values["adapters"], case .array(let list)? = adapters["prm"],
            case .object(let adapter)? = list.first, case .string(let path)? = adapter["file"]
        else {
            Issue.record("\(values)")
            return
        }
        #expect(list.count == 1 && adapter["scale"] == .number(0.5) && Bench.bytes(path) == large)
        #expect(values["target"] == values["prm"] && set.size == 12_000)
        #expect(store.list()[0].models.map(\.size) == [3000, 3000, 9000])
        #expect(try store.remove("adapted").freed >= 12_000)
        #expect(Bench.names(bench.cache) == [".locks"])
    }

    @Test func `A list tells what is there`() async throws {
        let models = bench.folder + "/Models"
        try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
        try "{\"name\": \"trio\", \"draft\": \"d.gguf\", \"target\": \"t.gguf\"}"
            .write(toFile: models + "/manifest.json", atomically: true, encoding: .utf8)
        for name in ["d.gguf", "t.gguf"] {
            try "GGUF".write(toFile: "\(models)/\(name)", atomically: true, encoding: .utf8)
        }
        let store = try bench.store(hub, entries: entries, roots: ["/nowhere", bench.folder])
        var list = store.list()
        #expect(list.map(\.reference) == ["trio", "pair", "alone"])
        #expect(list.map(\.state) == [.shipped, .absent, .absent])
        #expect(list[0].size == 8)
        #expect(list[0].models.map(\.role) == [.draft, .target])
        #expect(list[1].size == nil)
        #expect(list[2].size == 3000)
        #expect(try await store.pull("trio").folder == models)
        #expect(hub.server.requests.isEmpty)
        _ = try await store.pull("alone")
        list = store.list()
        #expect(list.map(\.state) == [.shipped, .partial, .pulled])
        #expect(list[1].present == 3000)
        #expect(list[1].models.map { $0.path != nil } == [true, false, false])
        _ = try await store.pull("pair")
        _ = try await store.pull("hf:a/Large:Q4_0")
        list = store.list()
        #expect(list.map(\.reference) == ["trio", "pair", "alone", "hf:a/Large:Q4_0"])
        #expect(list.map(\.state) == [.shipped, .pulled, .pulled, .pulled])
        #expect(list[1].size == 12_500)
        #expect(list[1].models[2].source == "a/Large:Q4_0")
    }

    @Test func `An unfinished pull is partial`() async throws {
        hub.change { $0.cuts = [2000] }
        let plan = HubDownload.Plan(connections: 1, piece: 1 << 20)
        let store = try bench.store(hub, entries: entries, attempts: 1, plan: plan)
        _ = await failure { try await store.pull("alone") }
        #expect(store.list()[2].state == .partial)
        #expect(try store.remove("alone").freed > 0)
        #expect(store.list()[2].state == .absent)
        #expect(Bench.names(bench.cache) == [".locks"])
    }

    @Test func `A removal keeps what other sets need, and leaves nothing else`() async throws {
        let store = try bench.store(hub, entries: entries)
        let pair = try await store.pull("pair")
        _ = try await store.pull("alone")
        let draft = try #require(pair.files[.draft])
        let removed = try store.remove("pair")
        #expect(removed.kept == [draft: "alone"])
        #expect(removed.freed >= 9500)
        #expect(Bench.bytes(draft) == small)
        #expect(!FileManager.default.fileExists(atPath: pair.folder))
        #expect(!FileManager.default.fileExists(atPath: bench.repository("a/Large")))
        #expect(store.list().map(\.state) == [.absent, .partial, .pulled])
        #expect(try store.remove("alone").kept == [:])
        #expect(Bench.names(bench.cache) == [".locks"])
        #expect(Bench.names(bench.folder + "/home/specsearch") == [])
        #expect(await failure { try store.remove("alone") }?.code == .notFound)
        #expect(await failure { try store.remove("none") }?.code == .notFound)
        #expect(await failure { try store.remove("trio") }?.code == .badSetting)
    }

    @Test func `Bytes that another snapshot has stay`() async throws {
        let store = try bench.store(hub, entries: entries)
        _ = try await store.pull("alone")
        let other = bench.repository("a/Small") + "/snapshots/other/deep/copy.gguf"
        try FileManager.default.createDirectory(
            atPath: (other as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: other, withDestinationPath: "../../../blobs/\(TestHub.hash(small))")
        #expect(try store.remove("alone").freed == 0)
        #expect(Bench.bytes(other) == small)
    }

    @Test func `A file that is being pulled is not removed`() async throws {
        let store = try bench.store(hub, entries: entries)
        let set = try await store.pull("alone")
        let lock = "\(bench.cache)/.locks/models--a--Small/\(TestHub.hash(small)).lock"
        let descriptor = open(lock, O_RDWR)
        #expect(flock(descriptor, LOCK_EX) == 0)
        defer { close(descriptor) }
        #expect(await failure { try store.remove("alone") }?.message.contains("being pulled") == true)
        #expect(Bench.bytes(set.files[.target]) == small)
    }

    @Test func `A path needs a pull first`() async throws {
        let store = try bench.store(hub, entries: entries)
        let error = try #require(await failure { try store.path("pair") })
        #expect(error.code == .notFound)
        #expect(error.remedy.contains("models pull pair"))
    }

    @Test func `A set whose repository has moved on is still found`() async throws {
        let store = try bench.store(hub, entries: entries)
        let set = try await store.pull("alone")
        let refs = bench.repository("a/Small") + "/refs/main"
        try String(repeating: "e", count: 40).write(toFile: refs, atomically: true, encoding: .utf8)
        hub.server.forget()
        // The bytes are there under their checksum; only the new snapshot lacks their name.
        let again = try await store.pull("alone")
        #expect(again.files[.draft] == bench.repository("a/Small") + "/snapshots/main/small.gguf")
        #expect(again.files != set.files)
        #expect(Bench.bytes(again.files[.draft]) == small)
        #expect(hub.server.requests.isEmpty)
        #expect(try store.remove("alone").freed >= 3000)
        #expect(Bench.names(bench.cache) == [".locks"])
    }
}
