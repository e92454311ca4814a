import Foundation
package import SpecSearch

/// The first bytes of a GGUF file, read before llama.cpp sees it, for errors that people understand.
package enum GGUFHeader {
    /// Checks that `path` is a readable file that begins like a GGUF file of version 2 or 3.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`.
    package static func check(path: String) throws(SpecSearchError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw SpecSearchError(
                .badModelFile, "There is no model file at \(path).",
                remedy: "Check the path; the shipped models are fetched with the repository.")
        }
        guard !isDirectory.boolValue else {
            throw SpecSearchError(
                .badModelFile, "\(path) is a directory, not a model file.", remedy: "Name the .gguf file in it.")
        }
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw SpecSearchError(
                .badModelFile, "The model file \(path) cannot be read.", remedy: "Check its permissions.")
        }
        defer { try? file.close() }
        let head = (try? file.read(upToCount: 24)) ?? Data()
        let bytes = [UInt8](head)
        if bytes.starts(with: Array("version https://git-lfs".utf8).prefix(bytes.count)), bytes.count >= 20 {
            throw SpecSearchError(
                .badModelFile, "\(path) is a Git LFS pointer, not the model itself.", remedy: "Run: git lfs pull")
        }
        guard bytes.count >= 4, bytes.prefix(4).elementsEqual("GGUF".utf8) else {
            throw SpecSearchError(
                .badModelFile, "\(path) is not a GGUF file (it does not begin with \"GGUF\").",
                remedy: "Convert the model to GGUF, or name the right file.")
        }
        guard bytes.count == 24 else {
            throw SpecSearchError(
                .badModelFile, "The GGUF file \(path) is truncated: its header ends after \(bytes.count) bytes.",
                remedy: "Fetch or export it again.")
        }
        let version = bytes[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard (2...3).contains(version) else {
            throw SpecSearchError(
                .badModelFile, "The GGUF file \(path) has version \(version); 2 and 3 are known.",
                remedy: "Convert the model again with a current converter.")
        }
    }
}
