import Foundation
import SpecSearchFuzzing
import Testing

/// What the fuzzer has found, and what it begins with, again.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func `the saved corpus holds`(target: FuzzTarget) async throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fuzzing/Corpus/\(target.rawValue)").standardized
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count >= 5)
        for file in files {
            do {
                try await target.check([UInt8](Data(contentsOf: file)))
            } catch {
                Issue.record("\(file.lastPathComponent): \(error)")
            }
        }
    }
}
