import Foundation
import ModelHub
import SpecSearch
import Testing

private let repository = "maker/Model-GGUF"
private let reference = "hf:maker/Model-GGUF/model-Q4_K_M.gguf"

@Suite struct DownloadTests {
    let bench: Bench
    let hub: TestHub
    let bytes = Bench.noise(100_000)

    init() throws {
        bench = try Bench()
        hub = try TestHub([repository: ["model-Q4_K_M.gguf": bytes]])
    }

    @Test func `A file lies in the cache as the hub's documentation says, and is not asked for again`() async throws {
        let store = try bench.store(hub)
        let set = try await store.pull(reference)
        let commit = String(repeating: "c", count: 40)
        let base = bench.repository(repository)
        #expect(Bench.bytes(bench.blob(repository, bytes)) == bytes)
        #expect(Bench.bytes("\(base)/refs/main") == Array(commit.utf8))
        let link = "\(base)/snapshots/\(commit)/model-Q4_K_M.gguf"
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../../blobs/\(TestHub.hash(bytes))")
        #expect(Bench.names("\(base)/blobs") == [TestHub.hash(bytes)])
        #expect(Bench.names("\(bench.cache)/.locks/models--maker--Model-GGUF") == [TestHub.hash(bytes) + ".lock"])
        #expect(set.files == [.target: link])
        #expect(set.size == 100_000)
        hub.server.forget()
        #expect(try await store.pull(reference) == set)
        #expect(try await store.pull("hf:maker/Model-GGUF:q4_k_m").files == set.files)
        #expect(try store.path(reference) == set)
        #expect(hub.server.requests.isEmpty)
    }

    @Test func `The pieces of a file are asked for once each, and cover it`() async throws {
        _ = try await bench.store(hub).pull(reference)
        var end = 0
        for range in hub.ranges {
            #expect(range.lowerBound == end)
            end = range.upperBound
        }
        #expect(end == bytes.count)
        #expect(hub.ranges.count == 7)
    }

    @Test(arguments: [nil, "127.0.0.1", "localhost"])
    func `The token goes to the hub and to no other host`(redirectHost: String?) async throws {
        hub.change { $0.redirectHost = redirectHost }
        let set = try await bench.store(hub, ["HF_TOKEN": "hf_secret"]).pull(reference)
        #expect(Bench.bytes(set.files[.target]) == bytes)
        for request in hub.server.requests {
            let isHub = request.host == "127.0.0.1"
            #expect(request.headers["authorization"] == (isHub ? "Bearer hf_secret" : nil), "\(request)")
        }
        #expect(hub.server.requests.contains { $0.host == "localhost" } == (redirectHost == "localhost"))
    }

    @Test func `A repository with a new name is found under the old`() async throws {
        hub.change { $0.renamed = ["old/Name": repository] }
        let set = try await bench.store(hub).pull("hf:old/Name/model-Q4_K_M.gguf")
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(set.files[.target]?.contains("models--old--Name") == true)
    }

    @Test func `A small file that git has is named by git's hash`() async throws {
        hub.change { $0.isGit = true }
        let set = try await bench.store(hub).pull(reference)
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(Bench.names(bench.repository(repository) + "/blobs") == [String(TestHub.hash(bytes).prefix(40))])
    }

    @Test func `A server that knows no ranges is asked for the whole`() async throws {
        hub.change { $0.knowsRanges = false }
        let log = Log()
        let set = try await bench.store(hub).pull(reference, progress: log.take)
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(log.all.contains { $0.message?.contains("no ranges") == true })
    }

    @Test func `A server without ranges that cuts the connection is asked again from the beginning`() async throws {
        hub.change {
            $0.knowsRanges = false
            $0.cuts = [.max, .max, .max, .max, 1, 50_000]
        }
        let set = try await bench.store(hub, attempts: 9).pull(reference)
        #expect(Bench.bytes(set.files[.target]) == bytes)
    }

    @Test func `A connection that is cut again and again brings the right bytes`() async throws {
        hub.change { $0.cutAlways = 1000 }
        let set = try await bench.store(hub, attempts: 2).pull(reference)
        #expect(Bench.bytes(set.files[.target]) == bytes)
    }

    @Test(arguments: [0, 1, 1023, 1024, 1025, 4095, 4096, 9_999, 10_000])
    func `A pull that was cut goes on where it stopped`(cut: Int) async throws {
        let bytes = Bench.noise(10_000, seed: UInt64(cut))
        hub.change {
            $0.files = [repository: ["model-Q4_K_M.gguf": bytes]]
            $0.cuts = [cut]
        }
        let plan = HubDownload.Plan(connections: 1, piece: 1 << 20, saveEvery: 1 << 20)
        let store = try bench.store(hub, attempts: 1, plan: plan)
        let error = await failure { try await store.pull(reference) }
        #expect((error?.code == .unavailable) == (cut < bytes.count))
        #expect(FileManager.default.fileExists(atPath: bench.blob(repository, bytes)) == (cut == bytes.count))
        hub.server.forget()
        #expect(Bench.bytes(try await store.pull(reference).files[.target]) == bytes)
        #expect(hub.ranges == (cut < bytes.count ? [cut..<10_000] : []))
    }

    @Test(arguments: [
        (401, SpecSearchError.Code.unauthorized, "HF_TOKEN"), (403, .unauthorized, "licence"),
        (404, .notFound, "Check the names"), (410, .notFound, "Check the names"),
    ])
    func `A refusal is told at once with its remedy`(
        status: Int, code: SpecSearchError.Code, remedy: String
    ) async throws {
        hub.change { $0.refusal = status }
        let store = try bench.store(hub)
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == code)
        #expect(error.remedy.contains(remedy))
        #expect(hub.server.requests.count == 1)
        #expect(bench.waited.isEmpty)
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func `A passing fault is tried again as long as the server asks`(status: Int) async throws {
        hub.change {
            $0.statuses = [status, status]
            $0.refusalHeaders = ["Retry-After": "7"]
        }
        let plan = HubDownload.Plan(connections: 1, piece: 1 << 20)
        let set = try await bench.store(hub, plan: plan).pull(reference)
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(bench.waited == [.seconds(7), .seconds(7)])
    }

    @Test func `A lasting fault is given up after the attempts`() async throws {
        hub.change { $0.refusal = 503 }
        let store = try bench.store(hub, attempts: 3)
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == .unavailable)
        #expect(error.message.contains("503"))
        #expect(hub.server.requests.count == 3)
        #expect(bench.waited == [.milliseconds(500), .seconds(1)])
    }

    @Test func `A range that the file does not have ends the pull, and the next starts afresh`() async throws {
        hub.change { $0.statuses = [0, 416] }
        let plan = HubDownload.Plan(connections: 1, piece: 50_000)
        let store = try bench.store(hub, plan: plan)
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == .badChecksum)
        #expect(Bench.names(bench.repository(repository) + "/blobs") == [])
        hub.server.forget()
        #expect(Bench.bytes(try await store.pull(reference).files[.target]) == bytes)
        #expect(hub.ranges == [0..<50_000, 50_000..<100_000])
    }

    @Test func `A signed address that has run out is asked for anew`() async throws {
        hub.change {
            $0.redirectHost = "localhost"
            $0.statuses = [0, 403]
        }
        let plan = HubDownload.Plan(connections: 1, piece: 50_000)
        let set = try await bench.store(hub, plan: plan).pull(reference)
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(bench.waited.isEmpty)
    }

    @Test func `A damaged file gets no name, and the next pull starts afresh`() async throws {
        hub.change { $0.damages = true }
        let store = try bench.store(hub)
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == .badChecksum)
        #expect(error.message.contains(TestHub.hash(bytes)))
        #expect(Bench.names(bench.repository(repository) + "/blobs") == [])
        #expect(Bench.names(bench.repository(repository) + "/snapshots") == [])
        #expect(await failure { try store.path(reference) }?.code == .notFound)
        hub.change { $0.damages = false }
        hub.server.forget()
        #expect(Bench.bytes(try await store.pull(reference).files[.target]) == bytes)
        #expect(hub.ranges.first?.lowerBound == 0)
    }

    @Test func `A file that is not the catalogue's is not downloaded`() async throws {
        let other = Bench.noise(100_000, seed: 9)
        let file = ModelFile(
            sources: [.hub(.init(repository: repository, choice: .file("model-Q4_K_M.gguf")))],
            sha256: TestHub.hash(other))
        let store = try bench.store(hub, entries: [CatalogueEntry(name: "set", roles: [.target: file])])
        let error = try #require(await failure { try await store.pull("set") })
        #expect(error.code == .badChecksum)
        #expect(hub.ranges.isEmpty)
    }

    @Test func `Too little disk is told before anything comes`() async throws {
        let disk = LocalDisk(freeSpace: { _ in (64 << 20) + 99_999 })
        let store = try bench.store(hub, disk: disk)
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == .noSpace)
        #expect(error.remedy.contains("HF_HUB_CACHE"))
        #expect(hub.ranges.isEmpty)
        let enough = try bench.store(hub, disk: LocalDisk(freeSpace: { _ in (64 << 20) + 100_000 }))
        #expect(Bench.bytes(try await enough.pull(reference).files[.target]) == bytes)
    }

    @Test func `A read-only cache is told with its remedy`() async throws {
        let store = try bench.store(hub, disk: LocalDisk(makeFolder: { _ in EROFS }))
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == .ioFailed)
        #expect(error.message.contains("read-only"))
        #expect(error.remedy.contains("HF_HOME"))
    }

    @Test func `A model in a read-only cache is used, with its manifest elsewhere`() async throws {
        let pulled = try await bench.store(hub).pull(reference)
        try FileManager.default.removeItem(atPath: pulled.folder)
        let own = bench.folder + "/home/specsearch"
        try? FileManager.default.removeItem(atPath: own)
        let disk = LocalDisk(makeFolder: { path in
            path.hasPrefix(own) ? EROFS : mkdir(path, 0o777) == 0 ? 0 : errno
        })
        let set = try bench.store(hub, disk: disk).path(reference)
        #expect(set.files == pulled.files)
        #expect(set.folder.hasPrefix(bench.folder + "/.cache/specsearch/sets/"))
        #expect(FileManager.default.fileExists(atPath: set.manifest))
    }
}
