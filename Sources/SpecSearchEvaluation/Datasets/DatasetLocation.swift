public import Foundation
public import SpecSearch

extension SpecSearchError.Code {
    /// A data set, or a list of its problems, cannot be read.
    public static let badDataset = SpecSearchError.Code("badDataset")
}

/// The place of the data sets.
public enum DatasetLocation {
    /// The environment variable that names the folder.
    public static let variable = "SPECSEARCH_DATA"

    /// The files of the data sets that have a short name.
    public static let files = [
        "gsm8k": "gsm8k_test.jsonl", "math500": "math500.jsonl", "humaneval": "humaneval.jsonl",
    ]

    /// The folder of the data sets, `../shared/data` unless the environment names another.
    public static func folder(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
        let path = environment[variable].flatMap { $0.isEmpty ? nil : $0 } ?? "../shared/data"
        return URL(fileURLWithPath: path, isDirectory: true)
    }

    /// The file that a short name or a path means.
    ///
    /// - Throws: ``SpecSearchError`` `badDataset` if it is not there.
    public static func file(
        _ name: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SpecSearchError) -> URL {
        guard let file = files[name] else {
            guard FileManager.default.fileExists(atPath: name) else {
                throw SpecSearchError(
                    .badDataset, "There is no file \(name), and no data set of that name.",
                    remedy: "Known are \(files.keys.sorted().joined(separator: ", ")).")
            }
            return URL(fileURLWithPath: name)
        }
        let url = folder(environment: environment).appending(path: file)
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw SpecSearchError(
                .badDataset, "The data set \(name) is not at \(url.path).", remedy: "Set \(variable) to its folder.")
        }
        return url
    }
}
