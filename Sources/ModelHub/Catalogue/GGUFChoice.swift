import SpecSearch

/// The choice of a model among the files of a repository.
///
/// A model may be split into `NAME-00001-of-00003.gguf` and so on; then all parts belong to it and the first names it.
enum GGUFChoice {
    /// A file's name without its number: what the parts of one model have in common.
    struct Split: Hashable {
        /// What precedes `-00001-of-00003.gguf`.
        var stem: String
        /// The number of the part, from one.
        var number: Int
        /// How many parts there are.
        var count: Int

        init?(_ path: String) {
            guard let match = path.wholeMatch(of: #/(.+)-(\d{5})-of-(\d{5})\.gguf/#), let number = Int(match.2),
                let count = Int(match.3), count > 0, number > 0, number <= count
            else { return nil }
            stem = String(match.1)
            self.number = number
            self.count = count
        }

        /// The paths of all parts.
        var all: [String] {
            (1...count).map { "\(stem)-\(Self.digits($0))-of-\(Self.digits(count)).gguf" }
        }

        private static func digits(_ number: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, 5 - text.count)) + text
        }
    }

    /// All files of the model that a path names: the path, or all parts.
    static func all(of path: String) -> [String] { Split(path)?.all ?? [path] }

    /// The files of the model that is chosen.
    ///
    /// - Parameter paths: The files of the repository.
    /// - Throws: ``SpecSearchError`` `notFound`, listing what there is.
    static func files(
        _ choice: ModelSource.Hub.Choice, among paths: [String], of repository: String
    ) throws(SpecSearchError) -> [String] {
        let models = paths.filter { path in
            // Vision encoders and importance matrices are not models.
            let name = path.split(separator: "/").last?.lowercased() ?? ""
            return name.hasSuffix(".gguf") && !name.hasPrefix("mmproj") && !name.contains("imatrix")
                && (Split(path).map { $0.number == 1 } ?? true)
        }.sorted()
        let chosen: [String]
        switch choice {
        case .file(let path): chosen = paths.contains(path) ? [Split(path)?.all.first ?? path] : []
        case .quantization(let name): chosen = models.filter { has($0, quantization: name) }
        case .any: chosen = models
        }
        guard chosen.count == 1, let first = chosen.first else {
            let what =
                switch choice {
                case .file(let path): "no file \(path)"
                case .quantization(let name): chosen.isEmpty ? "no model of the kind \(name)" : "several for \(name)"
                case .any: chosen.isEmpty ? "no GGUF model" : "several models"
                }
            let list = chosen.count > 1 ? chosen : models
            throw SpecSearchError(
                chosen.isEmpty ? .notFound : .badSetting, "\(repository) has \(what).",
                remedy: list.isEmpty
                    ? "Look for a repository with GGUF files; their names often end in -GGUF."
                    : "There is: \(list.prefix(40).joined(separator: ", "))\(list.count > 40 ? ", …" : ""). "
                        + "Write hf:\(repository)/FILE, or hf:\(repository):QUANT.")
        }
        let all = all(of: first)
        if let missing = all.first(where: { !paths.contains($0) }) {
            throw SpecSearchError(
                .notFound, "\(repository) lacks \(missing), a part of a model in \(all.count) parts.",
                remedy: "Choose another model of the repository.")
        }
        return all
    }

    /// Whether a path's name has a quantisation as a word of its own, whatever the case: `Q4_K` is not in `x-Q4_K_M`.
    static func has(_ path: String, quantization: String) -> Bool {
        let name = (Split(path)?.stem ?? String(path.dropLast(".gguf".count))).lowercased()
        let wanted = quantization.lowercased()
        guard !wanted.isEmpty else { return false }
        return name.ranges(of: wanted).contains { range in
            func isEdge(_ character: Character) -> Bool {
                !(character.isLetter || character.isNumber || character == "_")
            }
            let before = range.lowerBound == name.startIndex || isEdge(name[name.index(before: range.lowerBound)])
            let after = range.upperBound == name.endIndex || isEdge(name[range.upperBound])
            return before && after
        }
    }
}
