import Foundation
public import SpecSearch

/// How an engine runs its models.
public struct EngineOptions: Sendable, Hashable, Codable {
    /// Which branches of a problem stay cached.
    public enum Retention: String, Sendable, Hashable, Codable {
        /// Those of the paths that were last continued: right for searches that go deeper step by step.
        case frontier
        /// All, until room is needed: right for searches that come back to earlier nodes.
        case all
    }

    /// Threads of one pass through a model of 4 million parameters or more; smaller ones have one, which is faster.
    ///
    /// More than one is slower on a machine that does other work too, so passes have one while that is the case; and a
    /// worker beyond the first has one.
    public var threads = 1
    /// How many threads serve concurrent problems side by side, each with a cache of its own for every model; those beyond
    /// the first are made when they are needed.
    ///
    /// On a processor, attention spans all that is in a cache: with more than two problems in one, what their common passes
    /// save is lost again. So there are twice as many as cores, up to 8.
    public var workers = max(1, min(8, 2 * ProcessInfo.processInfo.activeProcessorCount))
    /// The most tokens that the draft proposes to the target at once; 0 for none, nil for what the model set says, else 12.
    public var draftLength: Int?
    /// Where neither the options nor the models say how many.
    package static let usualDraftLength = 12
    /// The draft proposes a token to the target only if the likeliest one has at least this probability.
    public var draftConfidence = 0.4
    /// The size of each model's cache, in tokens.
    public var cacheTokens = 4096
    /// How many branches each model's cache has, at most 256; the work that llama.cpp does per pass grows with it.
    public var cacheBranches = 64
    /// Whether samples of one path that begin equally share their evaluation, which changes the work only.
    public var sharedSamples = true
    /// Which branches stay cached.
    public var retention = Retention.frontier
    /// The models that use flash attention; on a processor it is slower for small models.
    public var flashAttention: Set<ModelRole> = []

    public init(threads: Int = 1, draftLength: Int? = nil) {
        self.threads = threads
        self.draftLength = draftLength
    }

    /// The settings by name, for a run's record.
    public var described: [String: String] {
        [
            "threads": "\(threads)", "workers": "\(workers)",
            "draftLength": draftLength.map { "\($0)" } ?? "the models' own",
            "draftConfidence": "\(draftConfidence)", "cacheTokens": "\(cacheTokens)",
            "cacheBranches": "\(cacheBranches)", "sharedSamples": "\(sharedSamples)",
            "retention": retention.rawValue,
            "flashAttention": flashAttention.map(\.rawValue).sorted().joined(separator: " "),
        ]
    }

    func check() throws(EngineError) {
        guard (1...512).contains(threads) else {
            throw EngineError(.badSetting, "A pass cannot have \(threads) threads.", remedy: "Use 1 to 512.")
        }
        guard (0...64).contains(draftLength ?? 0) else {
            throw EngineError(
                .badSetting, "The draft length cannot be \(draftLength ?? 0).", remedy: "Use 0 to 64 tokens.")
        }
        guard (0...1).contains(draftConfidence) else {
            throw EngineError(
                .badSetting, "The draft confidence cannot be \(draftConfidence).", remedy: "Use 0 to 1.")
        }
        guard (1...64).contains(workers) else {
            throw EngineError(.badSetting, "There cannot be \(workers) workers.", remedy: "Use 1 to 64.")
        }
    }
}
