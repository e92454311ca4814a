#if Cluster
    internal import Foundation
    internal import SpecSearch
    internal import Yams

    /// Which settings there are: a misspelt one must not go unnoticed.
    extension ClusterConfiguration {
        private static let keys: [String: [String]] = {
            let place = [
                "dialect", "file", "urls", "model", "apiKey", "concurrency", "routingHeader", "chatTemplate",
                "addsBeginToken",
            ]
            return [
                "": [
                    "chatTemplate", "delimiter", "answerPrefix", "temperature", "maximumStepTokens", "contextLength",
                    "draft", "target", "prm", "calls",
                ],
                "draft": place, "target": place, "prm": place + ["description", "classTag", "classColumn"],
                "calls": ["seconds", "secondsPerToken", "patience", "attempts", "hedgeShare"],
            ]
        }()

        /// Refuses a key that nothing reads; values are never shown, as they may be secrets.
        ///
        /// - Parameter source: Where it stands.
        static func checkKey(_ key: String, in source: String) throws {
            let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let scope = parts.count == 2 && keys[parts[0]] != nil ? parts[0] : ""
            let known = keys[scope] ?? []
            let name = scope.isEmpty ? key : parts[1]
            // A section by itself is no setting.
            guard known.contains(name), !scope.isEmpty || keys[name] == nil else {
                // Without a space after its colon, a value is part of its key.
                let shown = key.prefix { $0.isLetter || $0.isNumber || "._".contains($0) }
                let names = known.map { scope.isEmpty ? $0 : "\(scope).\($0)" }
                throw SpecSearchError(
                    .badSetting, "\(source): there is no setting \(shown).",
                    remedy: "There are \(names.joined(separator: ", ")).")
            }
        }

        /// Refuses a value into which the next line's key has run, as it does where its colon has no space after it.
        private static func checkValue(_ value: Yams.Node, in source: String) throws {
            for part in value.sequence.map(Array.init) ?? [value] {
                guard let text = part.scalar?.string, text.lowercased().contains("apikey:") else { continue }
                throw SpecSearchError(
                    .badSetting, "\(source): an apiKey is part of another value.",
                    remedy: "Write a space after its colon; better, give it as SPECSEARCH_TARGET_API_KEY and the like.")
            }
        }

        /// Refuses a file that is not there, is no YAML, or has keys that nothing reads.
        static func checkKeys(of file: String) throws {
            guard let text = FileManager.default.contents(atPath: file).map({ String(decoding: $0, as: UTF8.self) })
            else {
                throw SpecSearchError(
                    .badSetting, "The configuration \(file) cannot be read.",
                    remedy: "Check the path; deploy/cluster.yaml is an example.")
            }
            do {
                guard let root = try Yams.compose(yaml: text), let mapping = root.mapping else {
                    throw SpecSearchError(
                        .badSetting, "The configuration \(file) is not a list of settings.",
                        remedy: "Write key: value lines; deploy/cluster.yaml is an example.")
                }
                for (key, value) in mapping {
                    let name = key.string ?? ""
                    guard let inner = value.mapping else {
                        try checkKey(name, in: file)
                        try checkValue(value, in: file)
                        continue
                    }
                    for (key, value) in inner {
                        try checkKey("\(name).\(key.string ?? "")", in: file)
                        try checkValue(value, in: file)
                    }
                }
            } catch let error as YamlError {
                throw SpecSearchError(
                    .badSetting, "The configuration \(file) is no YAML: \(place(of: error)).",
                    remedy: "Repair it there; deploy/cluster.yaml is an example.")
            }
        }

        /// What is wrong and where, without the lines themselves: they may hold a key.
        private static func place(of error: YamlError) -> String {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                "line \(mark.line), column \(mark.column): \(problem)"
            case .duplicatedKeysInMapping(_, let context): "line \(context.mark.line): a key stands there twice"
            default: "its characters cannot be read"
            }
        }
    }
#endif
