import Foundation
public import SpecSearch

extension LlamaEngine {
    /// How an engine runs its models.
    ///
    /// ```swift
    /// var options = LlamaEngine.Options(threads: 4)
    /// options.cacheTokens = 16_384
    /// let engine = try await LlamaEngine("Models", options: options)
    /// ```
    public struct Options: Sendable, Hashable, Codable {
        /// The most threads of one forward pass, except where ``roleThreads`` says otherwise; nil for what suits a model:
        /// see ``automaticThreads(weights:)``.
        ///
        /// While other programs, or other workers of this one, have the cores, a pass has one, except with flash attention; a
        /// worker beyond the first always has one.
        public var threads: Int?
        /// Threads of one forward pass of single models, as ``CostModel`` chooses them.
        public var roleThreads: [ModelRole: Int] = [:]
        /// Whether a pass has one thread while others have the cores; not for measurements.
        package var adaptsThreads = true
        /// How many threads serve concurrent problems side by side, each with a KV cache of its own for every model; those
        /// beyond the first are made when they are needed.
        ///
        /// On a processor, attention spans all that is in a cache: with more than two problems in one, what their common
        /// passes save is lost again. So there are twice as many as cores, up to 8.
        public var workers = max(1, min(8, 2 * ProcessInfo.processInfo.activeProcessorCount))
        /// The most tokens that the draft proposes to the target at once; 0 for none, nil for what the model set says,
        /// else 12.
        public var numSpeculativeTokens: Int?
        /// The draft proposes a token to the target only if the likeliest one has at least this probability.
        public var draftConfidence = 0.4
        /// The size of each model's KV cache, in tokens; a text longer than that does not fit.
        public var cacheTokens = 4096
        /// How many sequences each model's KV cache has, at most 256.
        ///
        /// About so many thoughts are generated at once, and others wait. The work that llama.cpp does per pass grows with it.
        public var cacheSequences = 64
        /// Whether samples of one path that begin equally share their evaluation, which changes the work only.
        public var sharesPrefixes = true
        /// The models that use flash attention; on a processor it is slower for small models.
        public var flashAttention: Set<ModelRole> = []
        /// The most tokens of a prompt that are computed together, by model; 512 where it is not said.
        public var microBatch: [ModelRole: Int] = [:]

        /// Where models are computed; as many layers as fit on GPUs where nothing is said.
        public var placement: [ModelRole: Placement] = [:]
        /// What passes cost on this machine, for the method auto; nil where it was not measured.
        public var costs: CostModel?

        /// Where neither the options nor the models say how many.
        package static let usualNumSpeculativeTokens = 12

        public init(threads: Int? = nil, numSpeculativeTokens: Int? = nil) {
            self.threads = threads
            self.numSpeculativeTokens = numSpeculativeTokens
        }

        /// The threads of a pass of a model with so many bytes of weights, where nobody said how many: all physical cores
        /// for more than 64 MB, if threads that wait soon sleep, else one.
        ///
        /// On an idle machine of two cores, two were 1.3 to 1.8 times as fast from 98 MB to 1.1 GB.
        /// Smaller models gain too, but their passes are so short that their search's other work counts as much: `tune`
        /// measures it.
        package static func automaticThreads(weights: Int) -> Int {
            weights > 64_000_000 && Processor.limitsWaiting ? Processor.coreCount : 1
        }

        /// The settings by name, for a run's record.
        public var described: [String: String] {
            [
                "threads": threads.map { "\($0)" } ?? "automatic",
                "roleThreads": roleThreads.map { "\($0.key.rawValue):\($0.value)" }.sorted().joined(separator: " "),
                "workers": "\(workers)",
                "numSpeculativeTokens": numSpeculativeTokens.map { "\($0)" } ?? "the models' own",
                "draftConfidence": "\(draftConfidence)", "cacheTokens": "\(cacheTokens)",
                "cacheSequences": "\(cacheSequences)", "sharesPrefixes": "\(sharesPrefixes)",
                "microBatch": microBatch.map { "\($0.key.rawValue):\($0.value)" }.sorted().joined(separator: " "),
                "flashAttention": flashAttention.map(\.rawValue).sorted().joined(separator: " "),
                "placement": placement.map { "\($0.key.rawValue): \($0.value.described)" }.sorted()
                    .joined(separator: "; "),
                "devices": ComputeDevice.usual(of: ComputeDevice.all).map { "\($0.name) (\($0.description))" }
                    .joined(separator: ", "),
            ]
        }

        /// How the contexts of a model are run that plays these roles and has so many bytes of weights.
        package func contextConfiguration(
            for roles: [ModelRole], of models: ModelSet, weights: Int
        ) -> LlamaContext.Configuration {
            var configuration = LlamaContext.Configuration()
            configuration.slots = max(cacheTokens, models.contextLength)
            configuration.sequences = cacheSequences
            let usual = threads ?? Self.automaticThreads(weights: weights)
            configuration.threads = roles.map { roleThreads[$0] ?? usual }.max() ?? 1
            configuration.microBatch = roles.compactMap { microBatch[$0] }.min() ?? configuration.microBatch
            configuration.flashAttention = !flashAttention.isDisjoint(with: roles)
            // With flash attention llama.cpp cuts the keys of a pass of one token into a part a thread: logits would vary with
            // the machine's load.
            configuration.adaptsThreads = adaptsThreads && !configuration.flashAttention
            return configuration
        }

        /// Checks the settings that contexts do not check.
        func check() throws(SpecSearchError) {
            for threads in [threads ?? 1] + roleThreads.values {
                guard (1...512).contains(threads) else {
                    throw SpecSearchError(
                        .badSetting, "A pass cannot have \(threads) threads.", remedy: "Use 1 to 512.")
                }
            }
            guard microBatch.values.allSatisfy({ (1...1 << 16).contains($0) }) else {
                throw SpecSearchError(.badSetting, "A micro-batch is out of range.", remedy: "Use 1 to 65,536 tokens.")
            }
            guard (0...64).contains(numSpeculativeTokens ?? 0) else {
                throw SpecSearchError(
                    .badSetting, "The draft cannot propose \(numSpeculativeTokens ?? 0) tokens at once.",
                    remedy: "Use 0 to 64.")
            }
            guard (0...1).contains(draftConfidence) else {
                throw SpecSearchError(
                    .badSetting, "The draft confidence cannot be \(draftConfidence).", remedy: "Use 0 to 1.")
            }
            guard (1...64).contains(workers) else {
                throw SpecSearchError(
                    .badSetting, "There cannot be \(workers) workers.", remedy: "Use 1 to 64.")
            }
        }
    }
}
