import Foundation
public import SpecSearch

extension RequantizedModels {
    /// What was found out about one file in another form.
    public struct Trial: Sendable, Hashable, Codable {
        /// The file.
        public var original: String
        public var roles: [ModelRole]
        /// The type of its weights; nil for the original's.
        public var type: RequantizedModel.WeightType?
        /// How many plain tokens it has; nil for all.
        public var vocabulary: Int?
        /// How many times as fast it was than the original, in each repetition, for the role that gained least.
        public var speedups: [Double]
        /// The milliseconds of the fastest passes, the original's and its own: 1, 4 and 12 sequences, and a prompt of 64
        /// tokens.
        public var milliseconds: [[Double]]
        /// Whether it runs from now on.
        public var isKept: Bool

        /// What was made of the original.
        public var form: RequantizedModel.Form { RequantizedModel.Form(type: type, vocabulary: vocabulary) }
    }

    private static let repetitions = 5
    private static let sizes = [1, 4, 12]
    private static let prompt = 64
    /// The share of the time that has to be saved.
    private static let gain = 0.05

    /// Makes other forms of the models of a set, times them, and keeps what is faster.
    ///
    /// A form is kept if the median of five repetitions, in each of which all files are timed in turn, is faster by a
    /// twentieth and more, and at most one repetition is slower. What ran in a file's place before is replaced.
    ///
    /// - Parameters:
    ///   - allowance: What may be lost for it.
    ///   - progress: Called with what is being done.
    /// - Throws: ``SpecSearchError``, `CancellationError`; what was kept until then stays.
    public func optimize(
        _ models: ModelSet, allowing allowance: RequantizedModel.Allowance = .init(),
        progress: (String) -> Void = { _ in }
    ) throws -> [Trial] {
        var trials: [Trial] = []
        for (path, roles) in Self.files(of: models) {
            var allowance = allowance
            // An adapter's rows are those of the whole vocabulary.
            if roles.contains(where: { models.adapters[$0]?.isEmpty == false }) { allowance.fewerTokens = false }
            trials += try optimize(path, roles, allowance, progress)
        }
        return trials
    }

    private func optimize(
        _ path: String, _ roles: [ModelRole], _ allowance: RequantizedModel.Allowance,
        _ progress: (String) -> Void
    ) throws -> [Trial] {
        let original = try LlamaModel(path: path)
        let header = try GGUFFile(path: path)
        let fewest = RequantizedModel.Form(vocabulary: RequantizedModel.Form.draftVocabulary)
        let trimmed =
            fewest.suits(roles, bits: original.bitsPerWeight, allows: allowance)
            ? header.trimmed(
                to: RequantizedModel.Form.draftVocabulary,
                keeping: TrimmedVocabulary.structure.flatMap { original.vocabulary.tokenize($0) }
                    + original.vocabulary.tokenize(original.chatTemplate ?? "", parsesControls: true)) : nil
        let forms = RequantizedModel.Form.all.filter {
            ($0.vocabulary == nil || trimmed != nil)
                && $0.suits(roles, bits: original.bitsPerWeight, allows: allowance)
        }
        try dropUnsuited(path, roles, bits: original.bitsPerWeight, allows: allowance)
        let name = roles.map(\.rawValue).joined(separator: ", ")
        if forms.isEmpty { return [] }
        try checkRoom(for: forms, original)
        progress("\(name): checksum")
        let hash = try sha256(of: path)
        var temporaries: [String] = []
        defer {
            for file in temporaries { unlink(file) }
            // Only where nothing was kept.
            rmdir(folder.appendingPathComponent(hash).path)
        }
        var candidates: [LlamaModel] = []
        for form in forms {
            try Task.checkCancellation()
            progress("\(name): making \(form)")
            let file = try temporaryFile(hash, form)
            temporaries.append(file)
            if let type = form.type {
                // The one with fewer tokens and the original's weights is before those in other types.
                let source = form.vocabulary.flatMap { tokens in
                    forms.firstIndex(of: RequantizedModel.Form(vocabulary: tokens)).map { temporaries[$0] }
                }
                try LlamaModel.requantize(source ?? path, to: type, file: file)
            } else if let trimmed {
                try header.write(trimmed, to: file)
            }
            candidates.append(try LlamaModel(path: file))
        }
        let costs = try race([original] + candidates, progress: { progress("\(name): timing \($0)") })
        var trials: [Trial] = []
        for place in forms.indices {
            trials.append(Self.trial(path, roles, forms[place], costs[0], costs[place + 1]))
        }
        for (place, trial) in trials.enumerated() {
            // Of two that pay, the one that loses less, unless the other saves a twentieth more.
            let rival = trials.prefix(place).first(where: \.isKept)
            if trial.isKept, let rival,
                Self.median(trial.speedups) * (1 - Self.gain) < Self.median(rival.speedups)
            {
                trials[place].isKept = false
            } else if trial.isKept {
                for other in 0..<place { trials[other].isKept = false }
            }
        }
        let known = models(of: path).filter { $0.machine == CostModelCache.machine }
        for (trial, file) in zip(trials, temporaries) {
            guard trial.isKept else {
                for model in known where model.form == trial.form { try drop(roles, of: model) }
                continue
            }
            let speedup = Self.median(trial.speedups)
            try keep(
                path, sha256: hash, trial.form, Dictionary(uniqueKeysWithValues: roles.map { ($0, speedup) }),
                from: file)
        }
        return trials
    }

    /// Ends that forms run in roles that they do not suit, such as those with fewer bits that were wanted before.
    package func dropUnsuited(
        _ path: String, _ roles: [ModelRole], bits: Double, allows allowance: RequantizedModel.Allowance
    ) throws(SpecSearchError) {
        for model in models(of: path) where model.machine == CostModelCache.machine {
            let unsuited = roles.filter { !model.form.suits([$0], bits: bits, allows: allowance) }
            if !unsuited.isEmpty { try drop(unsuited, of: model) }
        }
    }

    /// Refuses what would not fit on the disk, or in memory beside the original.
    private func checkRoom(for forms: [RequantizedModel.Form], _ model: LlamaModel) throws(SpecSearchError) {
        let bytes = forms.reduce(0.0) {
            $0 + ($1.type?.bits ?? model.bitsPerWeight) / 8 * Double(model.parameterCount) * 1.1
        }
        if let room, Double(room) < bytes {
            throw SpecSearchError(
                .ioFailed,
                "Requantising needs \(Int(bytes / 1e6)) MB in \(folder.path), and there are \(room / 1_000_000).",
                remedy: "Free some, or set XDG_CACHE_HOME to a folder with room.")
        }
        guard 2 * (bytes + Double(model.weightBytes)) < Double(ProcessInfo.processInfo.physicalMemory) else {
            throw SpecSearchError(
                .badSetting, "The forms of \(model.path) do not fit into memory side by side, to be timed.",
                remedy: "Download a file of the type that you want to try, and compare with `specsearch tune`.")
        }
    }

    /// Milliseconds of all passes by model, repetition and pass: decode steps of the sizes, then the prompt.
    private func race(_ models: [LlamaModel], progress: (String) -> Void) throws -> [[[Double]]] {
        let timers = try models.map { model in
            try DecodeTimer(
                model: model,
                CostModel.Choice(threads: LlamaEngine.Options.automaticThreads(weights: model.weightBytes)), slots: 1024
            )
        }
        var times = models.map { _ in [[Double]]() }
        for repetition in 0..<Self.repetitions {
            progress("\(repetition + 1) of \(Self.repetitions)")
            for place in models.indices {
                try Task.checkCancellation()
                let turn = (place + repetition) % models.count
                let decodes = try timers[turn].milliseconds(sequences: Self.sizes, occupied: 256, passes: 1)
                let prefill = try timers[turn].milliseconds(prefill: Self.prompt, passes: 1)
                times[turn].append(decodes.map { $0[0] } + [prefill[0]])
            }
        }
        return times
    }

    /// Compares a form with the original, for the role that gains least.
    static func trial(
        _ path: String, _ roles: [ModelRole], _ form: RequantizedModel.Form, _ original: [[Double]],
        _ candidate: [[Double]]
    ) -> Trial {
        let byRole = roles.map { role -> [Double] in
            let shape = CostModel.Shape.usual(role)
            let weights = sizes.map { shape.decodes[$0] ?? 0 } + [shape.prefill]
            return zip(original, candidate).map { before, after in
                var cost = 0.0
                for (pass, weight) in weights.enumerated() { cost += weight * after[pass] / before[pass] }
                return weights.reduce(0, +) / cost
            }
        }
        let speedups = byRole.min { median($0) < median($1) } ?? []
        func fastest(_ times: [[Double]]) -> [Double] {
            (times.first ?? []).indices.map { pass in times.map { $0[pass] }.min() ?? 0 }
        }
        return Trial(
            original: path, roles: roles, type: form.type, vocabulary: form.vocabulary, speedups: speedups,
            milliseconds: [fastest(original), fastest(candidate)],
            isKept: median(speedups) >= 1 / (1 - gain) && speedups.count { $0 < 1 } <= 1)
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
