import Foundation
public import SpecSearch

/// The models of a search and how to talk to them: a directory with a `manifest.json`, or files named one by one.
public struct ModelSet: Sendable, Hashable, Codable {
    /// The name of the set.
    public var name: String
    /// Its version.
    public var version: String
    /// The draft's GGUF file.
    public var draft: String
    /// The target's GGUF file.
    public var target: String
    /// The reward model's GGUF file.
    public var prm: String
    /// The reward model's description, see ``RewardDescription``.
    public var rewardModel: String
    /// The description, of the kind `grade`, of how the target is asked for a grade; nil for a general question.
    public var judge: String?
    /// The prompt with `{problem}` in it, or `gguf` for the template in the model's own file.
    public var chatTemplate: String
    /// What ends a step.
    public var delimiter: String
    /// What precedes the answer in the last step.
    public var answerPrefix: String
    /// The sampling temperature that suits the models.
    public var temperature: Double
    /// The most tokens of a step.
    public var maximumStepTokens: Int
    /// The most tokens of a text, prompt included.
    public var contextLength: Int
    /// The token-level draft length that suits the models; 0 for none.
    public var draftLength: Int?

    /// Names models one by one; relative paths are taken from the working directory.
    public init(
        draft: String, target: String, prm: String, rewardModel: String, name: String = "custom",
        version: String = "", chatTemplate: String = "{problem}\n\n", delimiter: String = "\n\n",
        answerPrefix: String = "The answer is ", temperature: Double = 0.8, maximumStepTokens: Int = 256,
        contextLength: Int = 4096, draftLength: Int? = nil
    ) {
        self.name = name
        self.version = version
        self.draft = draft
        self.target = target
        self.prm = prm
        self.rewardModel = rewardModel
        self.chatTemplate = chatTemplate
        self.delimiter = delimiter
        self.answerPrefix = answerPrefix
        self.temperature = temperature
        self.maximumStepTokens = maximumStepTokens
        self.contextLength = contextLength
        self.draftLength = draftLength
    }

    /// Reads `manifest.json` in a directory; its file names are relative to the directory.
    ///
    /// - Throws: ``EngineError`` `badModelFile`, naming the file.
    public init(directory: String) throws(EngineError) {
        let base = URL(fileURLWithPath: directory, isDirectory: true)
        let path = base.appendingPathComponent("manifest.json").path
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EngineError(
                .badModelFile, "There is no manifest of models at \(path).",
                remedy: "Name a directory that has one, or name the models' files one by one.")
        }
        do {
            self = try JSONDecoder().decode(ModelSet.self, from: data)
        } catch {
            throw EngineError(
                .badModelFile, "The manifest \(path) is not understood: \(error).",
                remedy: "Compare it with the shipped one.")
        }
        func resolve(_ file: String) -> String { URL(fileURLWithPath: file, relativeTo: base).path }
        draft = resolve(draft)
        target = resolve(target)
        prm = resolve(prm)
        rewardModel = resolve(rewardModel)
        judge = judge.map(resolve)
        try check(path: path)
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            draft: try values.decode(String.self, forKey: .draft),
            target: try values.decode(String.self, forKey: .target),
            prm: try values.decode(String.self, forKey: .prm),
            rewardModel: try values.decode(String.self, forKey: .rewardModel))
        func read<Value: Decodable>(_ key: CodingKeys, _ property: inout Value) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { property = value }
        }
        try read(.name, &name)
        try read(.version, &version)
        try read(.chatTemplate, &chatTemplate)
        try read(.delimiter, &delimiter)
        try read(.answerPrefix, &answerPrefix)
        try read(.temperature, &temperature)
        try read(.maximumStepTokens, &maximumStepTokens)
        try read(.contextLength, &contextLength)
        draftLength = try values.decodeIfPresent(Int.self, forKey: .draftLength)
        judge = try values.decodeIfPresent(String.self, forKey: .judge)
    }

    /// Checks the settings.
    ///
    /// - Parameter path: Where they come from, for errors.
    package func check(path: String) throws(EngineError) {
        guard temperature.isFinite, temperature >= 0, maximumStepTokens > 0, contextLength > 1, (draftLength ?? 0) >= 0
        else {
            throw EngineError(
                .badSetting, "\(path) has a setting out of range.",
                remedy: "The temperature is not negative; lengths are positive.")
        }
    }

    /// How thoughts are drawn unless the user says otherwise.
    public var samplingParameters: SamplingParameters {
        SamplingParameters(temperature: temperature, maximumTokens: maximumStepTokens)
    }
}
