public import SpecSearch

/// A set of models that can be pulled: which files play which roles, and how to talk to them.
public struct CatalogueEntry: Sendable, Hashable, Codable {
    /// The name of the set.
    public var name: String
    /// One line for a list.
    public var summary: String
    /// The licence of the weights.
    public var licence: String
    /// Whether this project has run the set; others are known from their makers' pages.
    public var tried: Bool
    /// A folder with a manifest, relative to the repository, for a set that is shipped; nothing is pulled then.
    public var directory: String?
    /// The files by role.
    public var roles: [ModelRole: ModelFile]
    /// The LoRA adapters of a role's model.
    public var adapters: [ModelRole: [AdapterFile]]
    /// The prompt with `{problem}` in it, or `gguf` for the template in the model's own file.
    public var chatTemplate: String
    /// What ends a step.
    public var delimiter: String
    /// What precedes the answer; empty where answers are boxed.
    public var answerPrefix: String
    /// The sampling temperature that suits the models.
    public var temperature: Double
    /// The tokens that are sampled from, and the probability that they have together; nil for all.
    public var topK: Int?
    public var topP: Double?
    /// The most tokens of a step.
    public var maximumStepTokens: Int
    /// The most tokens of a text, prompt included.
    public var contextLength: Int
    /// About how much memory the set takes, caches included, in bytes.
    public var memory: Int64?
    /// How the reward model is asked; nil where there is none.
    public var rewardModel: JSONValue?
    /// Where scores come from, or that there are none and what can be had.
    public var rewardNote: String

    /// A set of one model or more.
    public init(
        name: String, summary: String = "", licence: String = "", tried: Bool = false, directory: String? = nil,
        roles: [ModelRole: ModelFile] = [:], chatTemplate: String = "gguf", delimiter: String = "\n\n",
        answerPrefix: String = "", temperature: Double = 0.7, topK: Int? = nil, topP: Double? = nil,
        maximumStepTokens: Int = 256, contextLength: Int = 4096, memory: Int64? = nil, rewardModel: JSONValue? = nil,
        rewardNote: String = "",
        adapters: [ModelRole: [AdapterFile]] = [:]
    ) {
        self.name = name
        self.summary = summary
        self.licence = licence
        self.tried = tried
        self.directory = directory
        self.roles = roles
        self.chatTemplate = chatTemplate
        self.delimiter = delimiter
        self.answerPrefix = answerPrefix
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.maximumStepTokens = maximumStepTokens
        self.contextLength = contextLength
        self.memory = memory
        self.rewardModel = rewardModel
        self.rewardNote = rewardNote
        self.adapters = adapters
    }

    public init(from decoder: any Decoder) throws {
        try decoder.refuseKeys(except: [
            "name", "summary", "licence", "tried", "directory", "roles", "adapters", "chatTemplate", "delimiter",
            "answerPrefix", "temperature", "topK", "topP", "maximumStepTokens", "contextLength", "memory",
            "rewardModel", "rewardNote",
        ])
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(name: try values.decode(String.self, forKey: .name))
        func read<Value: Decodable>(_ key: CodingKeys, _ property: inout Value) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { property = value }
        }
        try read(.summary, &summary)
        try read(.licence, &licence)
        try read(.tried, &tried)
        directory = try values.decodeIfPresent(String.self, forKey: .directory)
        try read(.roles, &roles)
        try read(.adapters, &adapters)
        try read(.chatTemplate, &chatTemplate)
        try read(.delimiter, &delimiter)
        try read(.answerPrefix, &answerPrefix)
        try read(.temperature, &temperature)
        topK = try values.decodeIfPresent(Int.self, forKey: .topK)
        topP = try values.decodeIfPresent(Double.self, forKey: .topP)
        try read(.maximumStepTokens, &maximumStepTokens)
        try read(.contextLength, &contextLength)
        memory = try values.decodeIfPresent(Int64.self, forKey: .memory)
        rewardModel = try values.decodeIfPresent(JSONValue.self, forKey: .rewardModel)
        try read(.rewardNote, &rewardNote)
    }

    /// Says what is wrong with an entry; nil where nothing is.
    var fault: String? {
        guard Names.isName(name) else { return "`\(name)` is not a name" }
        guard directory != nil || !roles.isEmpty else { return "`\(name)` has neither roles nor a directory" }
        // The longest text is the engine's.
        guard (0...100).contains(temperature), (0...1 << 17).contains(topK ?? 0), (1e-9...1).contains(topP ?? 1),
            (1...1 << 24).contains(maximumStepTokens),
            (2...1 << 24).contains(contextLength), (0...ModelFile.mostBytes).contains(memory ?? 0)
        else {
            return "`\(name)` has a setting out of range"
        }
        for role in ModelRole.allCases {
            if let fault = roles[role]?.fault { return "the \(role.rawValue) of `\(name)` \(fault)" }
            for adapter in adapters[role] ?? [] {
                let what = "an adapter of `\(name)` for the \(role.rawValue)"
                guard roles[role] != nil, adapter.scale.isFinite else { return "\(what) has no model or no scale" }
                if let fault = adapter.file.fault { return "\(what) \(fault)" }
            }
        }
        return nil
    }

    /// The roles that the set has, each with its file and then its adapters, numbered from 0, in the order in which they
    /// are pulled.
    package var files: [(role: ModelRole, adapter: Int?, file: ModelFile)] {
        ModelRole.allCases.flatMap { role in
            (roles[role].map { [(role, nil, $0)] } ?? [])
                + (adapters[role] ?? []).enumerated().map { (role, $0.offset, $0.element.file) }
        }
    }
}

/// A LoRA adapter's file and how strongly it is applied; in JSON a ``ModelFile`` with `scale`.
public struct AdapterFile: Sendable, Hashable, Codable {
    /// Where it can be had.
    public var file: ModelFile
    /// What its change of the weights is multiplied with, 1 for the adapter as it was trained.
    public var scale: Double

    private enum CodingKeys: String, CodingKey { case scale }

    /// An adapter with its sources.
    public init(file: ModelFile, scale: Double = 1) {
        self.file = file
        self.scale = scale
    }

    public init(from decoder: any Decoder) throws {
        file = try ModelFile(from: decoder)
        scale = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Double.self, forKey: .scale) ?? 1
    }

    public func encode(to encoder: any Encoder) throws {
        try file.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(scale, forKey: .scale)
    }
}

/// A model's file and where it can be had, in the order in which the places are asked.
public struct ModelFile: Sendable, Hashable, Codable {
    /// The places.
    public var sources: [ModelSource]
    /// The size in bytes.
    public var size: Int64?
    /// The most bytes that a file can have, a pebibyte: sums of some do not overflow.
    package static let mostBytes: Int64 = 1 << 50
    /// The SHA-256 in hexadecimal digits; where it is absent, the hub's own checksum is used.
    public var sha256: String?

    /// A file with its sources.
    public init(sources: [ModelSource], size: Int64? = nil, sha256: String? = nil) {
        self.sources = sources
        self.size = size
        self.sha256 = sha256
    }

    /// The place on the hub, which is also the place in its cache.
    var hub: ModelSource.Hub? {
        for case .hub(let hub) in sources { return hub }
        return nil
    }

    var fault: String? {
        guard let hub else { return "names no place on the hub" }
        if let sha256, !Names.isSHA256(sha256) { return "has a SHA-256 that is not one" }
        if let size, !(1...Self.mostBytes).contains(size) { return "has a size that is not one" }
        if case .file(let path) = hub.choice, GGUFChoice.all(of: path).count > 1, sha256 != nil {
            return "is in several parts, which one SHA-256 cannot be of: the hub has one of each"
        }
        for source in sources {
            switch source {
            case .hub(let hub):
                guard Names.isRepository(hub.repository), Names.isRevision(hub.revision) else {
                    return "names a repository or revision that cannot be"
                }
                switch hub.choice {
                case .file(let path): if !Names.isPath(path) { return "names a file that cannot be: \(path)" }
                case .quantization(let name): if !Names.isName(name) { return "names no quantisation: \(name)" }
                case .any: return "names neither a file nor a quantisation"
                }
            case .parts(let parts):
                guard sha256 != nil, size != nil, case .file = hub.choice else {
                    return "has parts, so it needs a size, a SHA-256 and a file name on the hub"
                }
                guard Names.isName(parts.packages.first ?? ""), parts.count > 0, Names.isName(parts.version) else {
                    return "names packages that cannot be"
                }
            }
        }
        return nil
    }
}

/// A place where a file can be had.
public enum ModelSource: Sendable, Hashable {
    /// A file of a repository on the hub.
    case hub(Hub)
    /// The parts of a file, each in a distribution on the Python package index.
    case parts(Parts)

    /// A file of a repository on the hub; in JSON `{"hub", "revision", "file" or "quant"}`.
    public struct Hub: Sendable, Hashable {
        /// The repository, as `OWNER/NAME`.
        public var repository: String
        /// A branch, a tag or a commit.
        public var revision: String
        /// Which file.
        public var choice: Choice

        /// A file of a repository.
        public init(repository: String, revision: String = "main", choice: Choice) {
            self.repository = repository
            self.revision = revision
            self.choice = choice
        }

        /// A file, or how to choose one from the list of files.
        public enum Choice: Sendable, Hashable {
            /// The file with this path.
            case file(String)
            /// The `.gguf` file of a quantisation, such as `Q4_K_M`.
            case quantization(String)
            /// The only `.gguf` file that there is.
            case any
        }
    }

    /// Parts of a file on the Python package index; in JSON `{"package", "count", "version", "member"}`.
    public struct Parts: Sendable, Hashable {
        /// The distributions' name, with `{n}` for the number of the part, from one.
        public var package: String
        /// How many parts there are.
        public var count: Int
        /// The version of all of them.
        public var version: String
        /// The name of the part within the distribution, where `*` is anything.
        public var member: String

        /// The parts of a file.
        public init(package: String, count: Int = 1, version: String, member: String) {
            self.package = package
            self.count = count
            self.version = version
            self.member = member
        }

        /// The names of the distributions, in order.
        var packages: [String] {
            count < 1 ? [] : (1...count).map { package.replacing("{n}", with: String($0)) }
        }
    }
}

extension ModelSource: Codable {
    private enum CodingKeys: String, CodingKey {
        case hub, revision, file, quant, package, count, version, member
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if let repository = try values.decodeIfPresent(String.self, forKey: .hub) {
            let file = try values.decodeIfPresent(String.self, forKey: .file)
            let quantization = try values.decodeIfPresent(String.self, forKey: .quant)
            self = .hub(
                Hub(
                    repository: repository,
                    revision: try values.decodeIfPresent(String.self, forKey: .revision) ?? "main",
                    choice: file.map { .file($0) } ?? quantization.map { .quantization($0) } ?? .any))
        } else {
            self = .parts(
                Parts(
                    package: try values.decode(String.self, forKey: .package),
                    count: try values.decodeIfPresent(Int.self, forKey: .count) ?? 1,
                    version: try values.decode(String.self, forKey: .version),
                    member: try values.decode(String.self, forKey: .member)))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .hub(let hub):
            try values.encode(hub.repository, forKey: .hub)
            try values.encode(hub.revision, forKey: .revision)
            switch hub.choice {
            case .file(let path): try values.encode(path, forKey: .file)
            case .quantization(let name): try values.encode(name, forKey: .quant)
            case .any: break
            }
        case .parts(let parts):
            try values.encode(parts.package, forKey: .package)
            try values.encode(parts.count, forKey: .count)
            try values.encode(parts.version, forKey: .version)
            try values.encode(parts.member, forKey: .member)
        }
    }
}
