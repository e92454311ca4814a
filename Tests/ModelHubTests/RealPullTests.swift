import Foundation
import ModelHub
import Testing

/// A pull from the real sources, for a person or a nightly run: `SPECSEARCH_PULL=smollm2 HF_HOME=/tmp/x swift test …`.
@Suite struct RealPullTests {
    private static let reference = ProcessInfo.processInfo.environment["SPECSEARCH_PULL"]

    @Test(.enabled(if: reference != nil)) func `What the environment names is pulled`() async throws {
        let store = try ModelStore()
        let set = try await store.pull(try #require(Self.reference)) { progress in
            FileHandle.standardError.write(Data("\(progress)\n".utf8))
        }
        #expect(try store.path(set.reference) == set)
        for path in set.files.values {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            #expect(try file.read(upToCount: 4)?.elementsEqual("GGUF".utf8) == true)
        }
        print(set.folder, set.files, set.size, store.list().map { "\($0.reference) \($0.state) \($0.present)" })
    }
}
