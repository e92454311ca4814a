public import SpecSearch

/// What a user writes to name models: a set of the catalogue, or a file on the hub.
///
/// ```swift
/// try ModelReference("qwen2.5-coder")
/// try ModelReference("hf:bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M")
/// try ModelReference("hf:bartowski/Qwen2.5-7B-Instruct-GGUF/Qwen2.5-7B-Instruct-Q4_K_M.gguf")
/// ```
public enum ModelReference: Sendable, Hashable, CustomStringConvertible {
    /// A set of the catalogue.
    case set(String)
    /// A file of a repository on the hub.
    case hub(ModelSource.Hub)

    /// Reads a reference.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`.
    public init(_ text: String) throws(SpecSearchError) {
        let fault = SpecSearchError(
            .badSetting, "`\(text)` names no models.",
            remedy: "Write the name of a set (`specsearch models list` shows them) or hf:OWNER/REPO, "
                + "hf:OWNER/REPO:QUANT, hf:OWNER/REPO/FILE.gguf.")
        guard text.hasPrefix("hf:") else {
            guard Names.isName(text) else { throw fault }
            self = .set(text)
            return
        }
        let steps = text.dropFirst(3).split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard steps.count >= 2 else { throw fault }
        var name = steps[1]
        var choice = ModelSource.Hub.Choice.any
        if steps.count == 3 {
            guard Names.isPath(String(steps[2])), steps[2].hasSuffix(".gguf") else { throw fault }
            choice = .file(String(steps[2]))
        } else if let colon = name.firstIndex(of: ":") {
            let quantization = name[name.index(after: colon)...]
            guard Names.isName(quantization) else { throw fault }
            choice = .quantization(String(quantization))
            name = name[..<colon]
        }
        let repository = "\(steps[0])/\(name)"
        guard Names.isRepository(repository) else { throw fault }
        self = .hub(ModelSource.Hub(repository: repository, revision: "main", choice: choice))
    }

    public var description: String {
        switch self {
        case .set(let name): name
        case .hub(let hub): "hf:" + hub.description
        }
    }

    /// The name of the folder in which the manifest is.
    var folderName: String {
        description.replacing("hf:", with: "hf--").replacing("/", with: "--").replacing(":", with: "--")
    }
}

extension ModelSource.Hub: CustomStringConvertible {
    /// The place as a reference writes it, without the revision.
    public var description: String {
        switch choice {
        case .file(let path): "\(repository)/\(path)"
        case .quantization(let name): "\(repository):\(name)"
        case .any: repository
        }
    }
}
