import Foundation
public import SpecSearch

/// The models of a search and how to talk to them: a directory with a `manifest.json`, or files named one by one.
///
/// ```swift
/// let shipped = try ModelSet(directory: "Models")
/// let large = ModelSet(target: "qwen2.5-7b.gguf", chatTemplate: "qwen2.5")   // any role may be absent
/// let engine = try await LlamaEngine(shipped)
/// ```
/// The same file in two roles is loaded once, and a role may have LoRA adapters over it: a reward model, say, over the
/// target's weights, in the manifest `"adapters": {"prm": [{"file": "prm-lora.gguf", "scale": 1}]}`.
public struct ModelSet: Sendable, Hashable, Codable {
    /// A LoRA adapter and how strongly it is applied.
    public struct Adapter: Sendable, Hashable, Codable {
        /// Its GGUF file.
        public var file: String
        /// What its change of the weights is multiplied with, 1 for the adapter as it was trained.
        public var scale: Double

        public init(file: String, scale: Double = 1) {
            self.file = file
            self.scale = scale
        }

        private enum CodingKeys: String, CodingKey, CaseIterable { case file, scale }

        public init(from decoder: any Decoder) throws {
            try decoder.refuseKeys(except: CodingKeys.allCases.map(\.rawValue))
            let values = try decoder.container(keyedBy: CodingKeys.self)
            file = try values.decode(String.self, forKey: .file)
            scale = try values.decodeIfPresent(Double.self, forKey: .scale) ?? 1
        }
    }

    /// The name of the set.
    public var name: String
    /// Its version.
    public var version: String
    /// The draft's GGUF file.
    public var draft: String?
    /// The target's GGUF file.
    public var target: String?
    /// The reward model's GGUF file; in manifests `prm`.
    public var rewardModel: String?
    /// The JSON file of the reward model's ``RewardModelConfiguration``, in manifests `rewardModel`; nil for the file
    /// beside the model.
    public var rewardModelConfiguration: String?
    /// The configuration, of the kind `grade`, of how the target is asked for a grade; nil for a general question.
    public var judge: String?
    /// The LoRA adapters of a role's model, added to its weights; one file may play two roles, with and without.
    public var adapters: [ModelRole: [Adapter]]
    /// The prompt with `{problem}` in it, or `gguf` for the template in the model's own file.
    public var chatTemplate: String
    /// What ends a step.
    public var delimiter: String
    /// What precedes the answer in the last step.
    public var answerPrefix: String
    /// The sampling temperature that suits the models.
    public var temperature: Double
    /// The tokens that are sampled from, as suits the models; 0 for all.
    public var topK: Int
    /// The probability that these have together; 1 for all.
    public var topP: Double
    /// The most tokens of a step.
    public var maximumStepTokens: Int
    /// The most tokens of a text, prompt included.
    public var contextLength: Int
    /// The most tokens that the draft proposes at once, as suits the models; 0 for none, in manifests
    /// also `draftLength`.
    public var numSpeculativeTokens: Int?

    /// Names models one by one; relative paths are taken from the working directory.
    public init(
        draft: String? = nil, target: String? = nil, rewardModel: String? = nil,
        rewardModelConfiguration: String? = nil, name: String = "custom", version: String = "",
        chatTemplate: String = "{problem}\n\n", delimiter: String = "\n\n", answerPrefix: String = "The answer is ",
        temperature: Double = 0.8, topK: Int = 0, topP: Double = 1, maximumStepTokens: Int = 256,
        contextLength: Int = 4096, numSpeculativeTokens: Int? = nil, adapters: [ModelRole: [Adapter]] = [:]
    ) {
        self.name = name
        self.version = version
        self.draft = draft
        self.target = target
        self.rewardModel = rewardModel
        self.rewardModelConfiguration = rewardModelConfiguration
        self.chatTemplate = chatTemplate
        self.delimiter = delimiter
        self.answerPrefix = answerPrefix
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.maximumStepTokens = maximumStepTokens
        self.contextLength = contextLength
        self.numSpeculativeTokens = numSpeculativeTokens
        self.adapters = adapters
    }

    /// Reads `manifest.json` in a directory; its file names are relative to the directory.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file.
    public init(directory: String) throws(SpecSearchError) {
        let base = URL(fileURLWithPath: directory, isDirectory: true)
        let path = base.appendingPathComponent("manifest.json").path
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SpecSearchError(
                .badModelFile, "There is no manifest of models at \(path).",
                remedy: "Name a directory that has one, or name the models' files one by one.")
        }
        do {
            self = try JSONDecoder().decode(ModelSet.self, from: data)
        } catch {
            throw SpecSearchError(
                .badModelFile, "The manifest \(path) is not understood: \(error.inWords).",
                remedy: "Compare it with the shipped one, Models/manifest.json.")
        }
        func resolve(_ file: String?) -> String? { file.map { URL(fileURLWithPath: $0, relativeTo: base).path } }
        draft = resolve(draft)
        target = resolve(target)
        rewardModel = resolve(rewardModel)
        rewardModelConfiguration = resolve(rewardModelConfiguration)
        judge = resolve(judge)
        adapters = adapters.mapValues { list in
            list.map { Adapter(file: resolve($0.file) ?? $0.file, scale: $0.scale) }
        }
        try check(path: path)
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, version, draft, target
        case rewardModel = "prm"
        case rewardModelConfiguration = "rewardModel"
        case judge, chatTemplate, delimiter, answerPrefix, temperature, topK, topP, maximumStepTokens, contextLength
        case numSpeculativeTokens, adapters
    }

    /// Names of earlier versions.
    private enum OldKeys: String, CodingKey { case draftLength }

    public init(from decoder: any Decoder) throws {
        self.init()
        try decoder.refuseKeys(except: CodingKeys.allCases.map(\.rawValue), former: ["draftLength"])
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(_ key: CodingKeys, _ property: inout Value) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { property = value }
        }
        draft = try values.decodeIfPresent(String.self, forKey: .draft)
        target = try values.decodeIfPresent(String.self, forKey: .target)
        rewardModel = try values.decodeIfPresent(String.self, forKey: .rewardModel)
        rewardModelConfiguration = try values.decodeIfPresent(String.self, forKey: .rewardModelConfiguration)
        judge = try values.decodeIfPresent(String.self, forKey: .judge)
        try read(.name, &name)
        try read(.version, &version)
        try read(.chatTemplate, &chatTemplate)
        try read(.delimiter, &delimiter)
        try read(.answerPrefix, &answerPrefix)
        temperature = try values.decodeIfPresent(.temperature, in: Self.temperatures) ?? temperature
        topK = try values.decodeIfPresent(.topK, in: Self.counts) ?? topK
        topP = try values.decodeIfPresent(.topP, in: Self.shares) ?? topP
        maximumStepTokens = try values.decodeIfPresent(.maximumStepTokens, in: Self.lengths) ?? maximumStepTokens
        contextLength = try values.decodeIfPresent(.contextLength, in: Self.contextLengths) ?? contextLength
        try read(.adapters, &adapters)
        numSpeculativeTokens =
            try values.decodeIfPresent(.numSpeculativeTokens, in: Self.speculativeTokens)
            ?? decoder.container(keyedBy: OldKeys.self).decodeIfPresent(.draftLength, in: Self.speculativeTokens)
    }

    private static let temperatures = 0.0...100
    private static let counts = 0...1 << 17
    private static let shares = 1e-9...1
    private static let lengths = 1...LlamaContext.Configuration.maximumSlots
    private static let contextLengths = 2...LlamaContext.Configuration.maximumSlots
    private static let speculativeTokens = 0...64

    /// The file of a role's model; nil where there is none.
    public subscript(role: ModelRole) -> String? {
        switch role {
        case .draft: draft
        case .target: target
        case .rewardModel: rewardModel
        }
    }

    /// Takes a role's model out.
    package mutating func remove(_ role: ModelRole) {
        switch role {
        case .draft: draft = nil
        case .target: target = nil
        case .rewardModel: rewardModel = nil
        }
        adapters[role] = nil
    }

    /// The reward model's configuration, by default the JSON file beside the model.
    package var rewardModelConfigurationPath: String {
        if let rewardModelConfiguration { return rewardModelConfiguration }
        return URL(fileURLWithPath: rewardModel ?? "prm.gguf").deletingPathExtension().appendingPathExtension("json")
            .path
    }

    /// Checks the settings.
    ///
    /// - Parameter path: Where they come from, for errors.
    package func check(path: String) throws(SpecSearchError) {
        guard draft != nil || target != nil || rewardModel != nil else {
            throw SpecSearchError(
                .badModelFile, "\(path) names no model.", remedy: "Name a draft, a target or a reward model (prm).")
        }
        try checkSettings(path: path)
        for (role, list) in adapters {
            guard self[role] != nil, list.allSatisfy({ $0.scale.isFinite && !$0.file.isEmpty }) else {
                throw SpecSearchError(
                    .badSetting, "\(path) has an adapter for the \(role.rawValue) that cannot be applied.",
                    remedy: "Name the \(role.rawValue)'s model beside it; a scale is a number, 1 for the adapter as "
                        + "it was trained.")
            }
        }
    }

    /// Checks what is no file.
    ///
    /// - Parameter path: Where it comes from, for errors.
    package func checkSettings(path: String) throws(SpecSearchError) {
        guard Self.temperatures.contains(temperature), Self.counts.contains(topK), Self.shares.contains(topP),
            Self.lengths.contains(maximumStepTokens),
            Self.contextLengths.contains(contextLength), Self.speculativeTokens.contains(numSpeculativeTokens ?? 0)
        else {
            throw SpecSearchError(
                .badSetting, "\(path) has a setting out of range.",
                remedy:
                    "The temperature lies in 0 ... 100, topP above 0 and up to 1, numSpeculativeTokens in 0 ... 64; topK is at least 0, "
                    + "maximumStepTokens at least 1, contextLength at least 2, and both are at most \(Self.lengths.upperBound)."
            )
        }
    }

    /// How thoughts are drawn unless the user says otherwise.
    public var sampling: SamplingParameters {
        SamplingParameters(temperature: temperature, topK: topK, topP: topP, maximumTokens: maximumStepTokens)
    }

    /// What suits the models, for an ``Engine``.
    public var defaults: Engine.Defaults {
        Engine.Defaults(
            name: name, sampling: sampling, answerMarker: answerPrefix.isEmpty ? nil : answerPrefix,
            numSpeculativeTokens: numSpeculativeTokens)
    }
}
