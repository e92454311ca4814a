import Foundation
public import SpecSearch

/// What a set of model files is, whether its parts fit together, and what to repair: `specsearch models check`.
public struct ModelCheck: Sendable, Hashable, Codable {
    /// One model's file.
    public struct Model: Sendable, Hashable, Codable {
        public var role: ModelRole
        public var path: String
        public var architecture: String
        public var parameters: Int
        /// Bytes of the weights.
        public var weights: Int
        public var layers: Int
        /// Entries of the vocabulary, padding included.
        public var vocabulary: Int
        /// The pre-tokenizer, where the file names one.
        public var preTokenizer: String?
        /// The longest text, in tokens, that it was trained on.
        public var contextLength: Int
        /// Bytes of a token in the KV cache.
        public var cacheBytesPerToken: Int
        /// Whether the file has a chat template.
        public var hasChatTemplate: Bool
        /// The texts of the tokens that end a text.
        public var endTokens: [String]
        /// Milliseconds of a pass that continues so many sequences by one token each; empty unless measured.
        public var milliseconds: [Int: Double] = [:]
    }

    /// Something that was looked at.
    public struct Finding: Sendable, Hashable, Codable {
        public enum Level: String, Sendable, Hashable, Codable, Comparable {
            case good, warning, error

            public static func < (left: Level, right: Level) -> Bool {
                let order: [Level] = [.good, .warning, .error]
                return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
            }
        }
        public var level: Level
        public var text: String
        /// What to do; empty where nothing is to be done.
        public var remedy: String
    }

    /// The search that room is reckoned for.
    public struct Load: Sendable, Hashable, Codable {
        public var beams = 2
        public var width = 6
        public var draftFactor = 2
        /// The steps of a path.
        public var depth = 10
        /// The tokens of a prompt.
        public var promptTokens = 256
        /// The tokens of a step.
        public var stepTokens = 64

        public init() {}

        /// The most tokens of a path.
        public var pathTokens: Int {
            Int(rounding: Double(promptTokens) + Double(depth) * Double(stepTokens), in: 0...most)
        }
        /// The most tokens that a model's cache holds at once: the beam's paths, and what is being drafted.
        public var cacheTokens: Int {
            let thoughts = Double(beams) * (Double(depth) + Double(width) * Double(draftFactor))
            return Int(rounding: Double(promptTokens) + thoughts * Double(stepTokens), in: 0...most)
        }
        private var most: Int { 1 << 50 }
    }

    /// The memory of a device that the models take, as estimated from the files' headers.
    public struct Memory: Sendable, Hashable, Codable {
        /// The device's name; `CPU` for the processor.
        public var device: String
        /// Bytes of the weights.
        public var weights: Int
        /// Bytes of the KV caches.
        public var cache: Int
        /// Bytes for computing, about.
        public var compute: Int
        /// The device's free memory, or this machine's memory; 0 where the device does not say.
        public var free: Int
    }

    public private(set) var models: [Model] = []
    public private(set) var findings: [Finding] = []
    /// Bytes of all weights, caches and compute buffers together.
    public var memory: Int { memories.reduce(0) { $0 + $1.weights + $1.cache + $1.compute } }
    /// The same by device, for one worker's caches on the processor; empty where the models do not fit.
    public private(set) var memories: [Memory] = []

    /// The gravest level found.
    public var level: Finding.Level { findings.map(\.level).max() ?? .good }

    /// Inspects a set's files.
    ///
    /// - Parameters:
    ///   - options: How the engine would run the models, and where.
    ///   - measures: Whether passes are timed, too.
    ///   - trial: Asked before a role's file is loaded; with an error, which is a finding, it is not.
    /// - Throws: `CancellationError`; whatever is wrong with the files is a finding.
    public init(
        _ set: ModelSet, load: Load = Load(), options: LlamaEngine.Options = .init(), measures: Bool = false,
        trial: (ModelRole) throws -> SpecSearchError? = { _ in nil }
    ) throws {
        var loaded: [ModelRole: LlamaModel] = [:]
        var set = set
        for role in ModelRole.allCases where set[role] != nil {
            guard let error = try trial(role) else { continue }
            note(error)
            set.remove(role)
        }
        let plan = placed(set, options)
        for role in [ModelRole.draft, .target, .rewardModel] {
            guard let path = set[role] else { continue }
            try Task.checkCancellation()
            do throws(SpecSearchError) {
                let model = try LlamaModel(path: path, placement: plan?.assignments[role] ?? .processor)
                loaded[role] = model
                models.append(Model(model, role: role))
                for adapter in set.adapters[role] ?? [] {
                    _ = try LoraAdapter(path: adapter.file, model: model)
                    note(.good, "The adapter \(adapter.file) fits the \(role.rawValue).")
                }
                look(at: model, role: role, set)
            } catch { note(error) }
        }
        if let draft = loaded[.draft], let target = loaded[.target] { pair(draft, target) }
        if let model = loaded[.rewardModel] {
            readScores(model, set, samplers: [.draft, .target].compactMap { loaded[$0] })
        }
        room(set, load, options)
        if measures { for index in models.indices { try measure(index, loaded) } }
    }

    /// Loads the reward model as an engine does, which scores the example steps of its configuration; where it tells the
    /// good step from the bad one that is a finding, else an error.
    ///
    /// Nothing is done without examples, or where something else is wrong already.
    ///
    /// - Throws: `CancellationError`; whatever is wrong with the model is a finding.
    public mutating func scoreExamples(_ set: ModelSet, options: LlamaEngine.Options = .init()) async throws {
        guard level < .error, set.rewardModel != nil else { return }
        var alone = set
        for role in [ModelRole.draft, .target] { alone.remove(role) }
        do {
            guard try await LlamaEngine(alone, options: options).rewardModelConfiguration?.check != nil else { return }
            note(.good, "The reward model tells the good step of its configuration's check from the bad one.")
        } catch let error as SpecSearchError { note(error) }
    }

    private mutating func note(_ level: Finding.Level, _ text: String, _ remedy: String = "") {
        findings.append(Finding(level: level, text: text, remedy: remedy))
    }

    private mutating func note(_ error: SpecSearchError) { note(.error, error.message, error.remedy) }

    private mutating func look(at model: LlamaModel, role: ModelRole, _ set: ModelSet) {
        let name = role.rawValue
        if let window = model.attentionWindow, window < set.contextLength {
            note(
                .warning, "The \(name)'s attention reaches \(window) tokens back.",
                "Shared prefixes beyond that are lost to it; use a model with full attention.")
        }
        if set.contextLength > model.trainedContextLength, model.trainedContextLength > 0 {
            note(
                .warning,
                "contextLength is \(set.contextLength), and the \(name) was trained on "
                    + "\(model.trainedContextLength) tokens.",
                "Texts end there; lower contextLength.")
        }
        if model.vocabulary.endTokens.isEmpty {
            note(.error, "The \(name) has no token that ends a text.", "Set tokenizer.ggml.eos_token_id.")
        }
        guard role != .rewardModel else { return }
        let template = set.chatTemplate
        do throws(SpecSearchError) {
            let prompt = try PromptTemplate(template, model: model)
            let count = try prompt.tokens(for: "What is 1 + 1?").count
            note(.good, "The \(name)'s prompt for a question of one line has \(count) tokens.")
            if prompt.chatTemplate?.isVerified == false {
                note(
                    .warning, "The \(name)'s chat template is not one that is known to come out exactly.",
                    "llama.cpp's nearest format is used, without a default system prompt; compare it with the model's card, "
                        + "or give the prompt as \"chatTemplate\", with {problem} in it.")
            }
        } catch { note(error) }
        if template != "gguf", model.chatTemplate != nil,
            !model.vocabulary.containsControl(PromptTemplate.presets[template] ?? template)
        {
            note(
                .warning, "The \(name) has a chat template, and the prompt does not use it.",
                "Right for a base model; else set \"chatTemplate\": \"gguf\", or a preset: "
                    + PromptTemplate.presets.keys.sorted().joined(separator: ", ") + ".")
        }
        delimiter(set.delimiter, model.vocabulary, name)
    }

    /// Where the tokenizer lets a step end.
    private mutating func delimiter(_ delimiter: String, _ vocabulary: Vocabulary, _ name: String) {
        guard !delimiter.isEmpty else {
            return note(.warning, "There is no delimiter: a thought is a whole solution.", "Right for best-of-N only.")
        }
        let tokens = vocabulary.tokenize("x = 1." + delimiter + "Then")
        let finder = StepDelimiter(delimiter)
        var tail = StepDelimiter.Tail()
        for token in tokens where finder.isComplete(&tail, adding: vocabulary.bytes(of: token)) {
            let text = vocabulary.text(of: [token])
            if text.hasSuffix(delimiter) || delimiter.hasSuffix(text) {
                return note(.good, "The \(name) ends a step with the token \(token), \(text.debugDescription).")
            }
            return note(
                .warning, "The \(name)'s delimiter ends inside the token \(token), \(text.debugDescription).",
                "Steps end after that token; choose a delimiter at which its tokenizer parts.")
        }
        note(
            .error, "The \(name)'s tokenizer cannot write the delimiter \(delimiter.debugDescription).",
            "Choose another delimiter.")
    }

    private mutating func pair(_ draft: LlamaModel, _ target: LlamaModel) {
        do throws(SpecSearchError) {
            let common = try Vocabulary.commonCount(target, draft)
            let what = common == draft.vocabulary.count && common == target.vocabulary.count ? "all" : "the first"
            note(.good, "Draft and target share \(what) \(common) tokens: they pair at token level.")
        } catch {
            note(
                .warning,
                error.message + " They pair at thought level: each reads the other's steps as text, and the target "
                    + "corrects alone.",
                "For token-level speculation (SpS, and faster corrections) take both from one family.")
        }
        if draft.parameterCount * 4 > target.parameterCount {
            note(
                .warning,
                "The target has fewer than four times the draft's parameters.",
                "Speculation pays from about ten times on.")
        }
    }

    private mutating func readScores(_ model: LlamaModel, _ set: ModelSet, samplers: [LlamaModel]) {
        do throws(SpecSearchError) {
            let configuration = try RewardModelConfiguration.load(path: set.rewardModelConfigurationPath)
            let reading = try ScoreReading(
                configuration: configuration, vocabulary: model.vocabulary, width: model.width,
                path: set.rewardModelConfigurationPath)
            _ = try PromptTemplate(configuration.template, model: model).tokens(for: "What is 2+2?")
            if configuration.readsSampledTokens {
                let isForeign = samplers.contains { (try? Vocabulary.commonCount($0, model)) == nil }
                let name = reading == nil ? "likelihood verifier" : "classifier of the steps' own tokens"
                note(
                    .good,
                    isForeign
                        ? "The reward model is a \(name) with its own tokens: it reads steps as text."
                        : "The reward model is a \(name) with the tokens of draft and target.")
                if set.rewardModel == set.draft, configuration.template != set.chatTemplate {
                    note(
                        .warning, "The draft is the reward model, too, and reads another prompt in that role.",
                        "With \"template\" equal to \"chatTemplate\" each step is evaluated once for both.")
                }
            } else {
                let stepToken = try StepToken(
                    configuration: configuration, vocabulary: model.vocabulary, path: set.rewardModelConfigurationPath)
                note(
                    .good,
                    "The reward model's scores (\(configuration.kind.rawValue)) are read at the token \(stepToken.token)."
                )
            }
            if configuration.check == nil {
                note(
                    .warning, "The reward model's configuration has no check.",
                    "Add \"check\": a problem with a good and a bad last step, scored whenever the model is loaded.")
            }
        } catch { note(error) }
    }

    private mutating func room(_ set: ModelSet, _ load: Load, _ options: LlamaEngine.Options) {
        if load.pathTokens > set.contextLength {
            note(
                .warning,
                "\(load.depth) steps of \(load.stepTokens) tokens after \(load.promptTokens) make \(load.pathTokens), "
                    + "and contextLength is \(set.contextLength).",
                "Raise contextLength, or search less deep.")
        }
        let slots = max(options.cacheTokens, set.contextLength)
        if load.cacheTokens > slots {
            note(
                .warning, "The search can need \(load.cacheTokens) tokens of cache, and there are \(slots).",
                "It still runs: thoughts that find no room wait, and some tokens are evaluated again. "
                    + "--cache-tokens \(load.cacheTokens) has room for all.")
        }
    }

    /// Where the models are, and what they take there; a file that cannot be read is reported when it is loaded.
    private mutating func placed(_ set: ModelSet, _ options: LlamaEngine.Options) -> PlacementPlan? {
        do throws(SpecSearchError) {
            let plan = try PlacementPlan(set, options: options)
            memories = plan.uses.filter { $0.bytes.total > 0 }.map {
                Memory(
                    device: $0.device, weights: $0.bytes.weights, cache: $0.bytes.cache, compute: $0.bytes.compute,
                    free: $0.free)
            }
            for (role, assignment) in plan.assignments.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                note(
                    .good,
                    "Of the \(role.rawValue), \(assignment.gpuLayers) layers are on "
                        + "\(assignment.devices.joined(separator: ", ")).")
            }
            return plan
        } catch {
            if error.code != .badModelFile { note(error) }
            return nil
        }
    }

    private mutating func measure(_ index: Int, _ loaded: [ModelRole: LlamaModel]) throws {
        guard let model = loaded[models[index].role] else { return }
        let context = try LlamaContext(model: model, configuration: LlamaContext.Configuration())
        for size in [1, 12] {
            let times = try context.decodeTimes(batchSize: size, prefixLength: 128, passes: 5)
            models[index].milliseconds[size] = times.first
        }
    }
}

extension ModelCheck.Model {
    init(_ model: LlamaModel, role: ModelRole) {
        self.role = role
        path = model.path
        architecture = model.architecture
        parameters = model.parameterCount
        weights = model.weightBytes
        layers = model.layerCount
        vocabulary = model.vocabulary.count
        preTokenizer = model.metadata("tokenizer.ggml.pre")
        contextLength = model.trainedContextLength
        cacheBytesPerToken = model.cacheBytesPerToken
        hasChatTemplate = model.chatTemplate != nil
        endTokens = model.vocabulary.endTokens.sorted().map(model.vocabulary.entry)
    }
}
