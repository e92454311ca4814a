import Foundation
import ModelHub
import SpecSearch
import Testing

private let repository = "maker/Model-GGUF"
private let reference = "hf:maker/Model-GGUF/model.gguf"

/// Pulls that meet others, are stopped, or find what others left.
@Suite struct SharingTests {
    let bench: Bench
    let hub: TestHub
    let bytes = Bench.noise(60_000)

    init() throws {
        bench = try Bench()
        hub = try TestHub([repository: ["model.gguf": bytes]])
    }

    private var lockFile: String {
        "\(bench.cache)/.locks/models--maker--Model-GGUF/\(TestHub.hash(bytes)).lock"
    }

    private func makeLockFile() throws {
        try FileManager.default.createDirectory(
            atPath: (lockFile as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data("4711".utf8).write(to: URL(fileURLWithPath: lockFile))
    }

    @Test func `A lock file that a dead process left is no obstacle`() async throws {
        try makeLockFile()
        let log = Log()
        let set = try await bench.store(hub).pull(reference, progress: log.take)
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(!log.all.contains { $0.phase == .waiting })
    }

    @Test func `A lock that is held is waited for`() async throws {
        try makeLockFile()
        let descriptor = open(lockFile, O_RDWR)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let waits = Gate()
        let store = try bench.store(hub)
        let pull = Task {
            defer { waits.open() }
            return try await store.pull(reference) { if $0.phase == .waiting { waits.open() } }
        }
        try await waits.wait()
        #expect(hub.ranges.isEmpty)
        close(descriptor)
        #expect(Bench.bytes(try await pull.value.files[.target]) == bytes)
    }

    @Test func `A pull that waits for a lock can be cancelled`() async throws {
        try makeLockFile()
        let descriptor = open(lockFile, O_RDWR)
        #expect(flock(descriptor, LOCK_EX) == 0)
        defer { close(descriptor) }
        let waits = Gate()
        let store = try bench.store(hub)
        let pull = Task {
            defer { waits.open() }
            return try await store.pull(reference) { if $0.phase == .waiting { waits.open() } }
        }
        try await waits.wait()
        pull.cancel()
        await #expect(throws: CancellationError.self) { try await pull.value }
    }

    @Test func `Two pulls of a file at once bring it once`() async throws {
        let door = Gate()
        let waits = Gate()
        hub.change { $0.pause = (1000, door.pass) }
        let stores = try [bench.store(hub), bench.store(hub)]
        let pulls = stores.map { store in
            Task {
                defer { waits.open() }
                return try await store.pull(reference) { if $0.phase == .waiting { waits.open() } }
            }
        }
        try await waits.wait()
        door.open()
        for pull in pulls { #expect(Bench.bytes(try await pull.value.files[.target]) == bytes) }
        #expect(hub.ranges.reduce(0) { $0 + $1.count } == bytes.count)
    }

    @Test func `A pull that is cancelled keeps what came, and the next goes on`() async throws {
        let door = Gate()
        hub.change { $0.pause = (10_000, door.pass) }
        let plan = HubDownload.Plan(connections: 1, piece: 1 << 20, saveEvery: 1)
        let store = try bench.store(hub, plan: plan)
        let ended = Gate()
        let pull = Task {
            defer { ended.open() }
            return try await store.pull(reference)
        }
        let sidecar = bench.blob(repository, bytes) + ".specsearch.ranges"
        while Bench.bytes(sidecar).map({ String(decoding: $0, as: UTF8.self).contains("[0,10000]") }) != true,
            !ended.isOpen
        {
            try await Task.sleep(for: .milliseconds(5))
        }
        pull.cancel()
        await #expect(throws: CancellationError.self) { try await pull.value }
        door.open()
        #expect(!FileManager.default.fileExists(atPath: bench.blob(repository, bytes)))
        hub.change { $0.pause = nil }
        hub.server.forget()
        let log = Log()
        #expect(Bench.bytes(try await store.pull(reference, progress: log.take).files[.target]) == bytes)
        #expect(hub.ranges == [10_000..<60_000])
        #expect(log.all.first { $0.phase == .downloading }?.completed == 10_000)
    }

    @Test(arguments: ["", "{", "{\"size\":60000,\"finished\":[[0,70000]]}", "{\"size\":1,\"finished\":[[0,1]]}"])
    func `A note that is not understood is not believed`(note: String) async throws {
        let base = bench.repository(repository) + "/blobs"
        try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: true)
        let blob = bench.blob(repository, bytes)
        try Data(repeating: 7, count: 60_000).write(to: URL(fileURLWithPath: blob + ".specsearch.incomplete"))
        try Data(note.utf8).write(to: URL(fileURLWithPath: blob + ".specsearch.ranges"))
        #expect(Bench.bytes(try await bench.store(hub).pull(reference).files[.target]) == bytes)
    }

    @Test func `Bytes that another program brought are used`() async throws {
        let base = bench.repository(repository)
        let commit = String(repeating: "d", count: 40)
        for folder in ["blobs", "refs", "snapshots/\(commit)"] {
            try FileManager.default.createDirectory(atPath: "\(base)/\(folder)", withIntermediateDirectories: true)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: bench.blob(repository, bytes)))
        try Data(commit.utf8).write(to: URL(fileURLWithPath: "\(base)/refs/main"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(base)/snapshots/\(commit)/model.gguf",
            withDestinationPath: "../../blobs/\(TestHub.hash(bytes))")
        let set = try await bench.store(hub).pull(reference)
        #expect(set.files[.target] == "\(base)/snapshots/\(commit)/model.gguf")
        #expect(hub.server.requests.isEmpty)
    }

    @Test func `Offline, what is there is used, and what is not is an error`() async throws {
        let store = try bench.store(hub, ["HF_HUB_OFFLINE": "1"])
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == .unavailable)
        #expect(error.remedy.contains("HF_HUB_OFFLINE"))
        #expect(hub.server.requests.isEmpty)
        let set = try await bench.store(hub).pull(reference)
        hub.server.forget()
        #expect(try await store.pull(reference) == set)
        #expect(try await store.pull("hf:maker/Model-GGUF").files == set.files)
        #expect(hub.server.requests.isEmpty)
    }

    @Test func `A hub that cannot be reached is told`() async throws {
        hub.server.stop()
        let store = try bench.store(hub)
        let error = try #require(await failure { try await store.pull(reference) })
        #expect(error.code == .unavailable)
        #expect(error.message.contains("127.0.0.1"))
    }
}
