import Foundation
import SpecSearch

extension CostModel {
    static let batchSizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48]
    static let prefills = [16, 64, 192]
    /// A search alone, and several in one cache.
    static let occupancies = [256, 1024]
    /// What settings are compared by.
    static let comparedSizes = [1, 4, 12]

    /// Measures the models of a set.
    ///
    /// Settings race against one another: each repetition times all of them in turn, so that a drift of the machine's speed
    /// meets all alike. First the numbers of threads, then with the fastest flash attention, then micro-batches; the
    /// fastest in the end is timed at all sizes.
    ///
    /// - Parameters:
    ///   - threads: The numbers of threads to try; the first is the default, the others have to earn their place. Nil for
    ///     what a model would have unless told otherwise.
    ///   - limit: The seconds for each file after which nothing else is tried; nil for 20 and 50 more for each gigabyte of
    ///     weights.
    ///   - options: Where the models are computed.
    ///   - progress: Called with what is being measured.
    /// - Throws: ``SpecSearchError``, or `CancellationError`.
    public static func measure(
        _ models: ModelSet, threads: [Int]? = nil, limit: Double? = nil, options: LlamaEngine.Options = .init(),
        progress: (String) -> Void = { _ in }
    ) throws -> CostModel {
        var cost = CostModel()
        let begin = ContinuousClock.now
        let plan = try PlacementPlan(models, options: options)
        var known: [String: ModelRole] = [:]
        for role in [ModelRole.target, .draft, .rewardModel] {
            guard let path = models[role] else { continue }
            let file = ModelSet.realPath(path)
            if let other = known[file] {
                cost.curves += cost.curves.filter { $0.role == other }.map { curve in
                    var curve = curve
                    curve.role = role
                    return curve
                }
                continue
            }
            known[file] = role
            let model = try LlamaModel(path: path, placement: plan.assignments[role] ?? .processor)
            try cost.race(
                model, role,
                threads: threads ?? [LlamaEngine.Options.automaticThreads(weights: model.weightBytes)],
                limit: limit ?? 20 + 50 * Double(model.weightBytes) / 1e9, progress)
        }
        cost.seconds = (ContinuousClock.now - begin) / .seconds(1)
        return cost
    }

    private mutating func race(
        _ model: LlamaModel, _ role: ModelRole, threads: [Int], limit: Double, _ progress: (String) -> Void
    ) throws {
        let begin = ContinuousClock.now
        var hasTime: Bool { (ContinuousClock.now - begin) / .seconds(1) < limit }
        let plain = Choice(threads: threads.first ?? 1)
        progress("\(role.rawValue): \(plain.threads) thread\(plain.threads == 1 ? "" : "s")")
        try compare([plain], model, role, repetitions: 1)
        for count in threads.dropFirst() where hasTime {
            progress("\(role.rawValue): \(count) threads")
            try compare([best(role, plain), Choice(threads: count)], model, role)
        }
        if hasTime {
            progress("\(role.rawValue): flash attention")
            var other = best(role, plain)
            other.flashAttention = true
            try compare([best(role, plain), other], model, role)
        }
        if hasTime {
            progress("\(role.rawValue): micro-batches")
            var other = best(role, plain)
            other.microBatch = 128
            try compare([best(role, plain), other], model, role, sizes: [], prefill: 256, repetitions: 2)
        }
        let chosen = best(role, plain)
        guard hasTime else { return }
        progress("\(role.rawValue): batch sizes")
        let timer = try DecodeTimer(model: model, chosen, slots: 2048)
        for occupied in Self.occupancies where hasTime {
            try Task.checkCancellation()
            try record(timer, role, chosen, occupied: occupied, sizes: Self.batchSizes, passes: 3)
        }
        for size in Self.prefills where hasTime {
            record(prefill: size, try timer.milliseconds(prefill: size, passes: 2), role, chosen)
        }
    }

    /// The fastest setting so far; the first number of threads unless another has earned its place.
    private func best(_ role: ModelRole, _ plain: Choice) -> Choice {
        let choice = choice(for: role)
        return choice == Choice() ? plain : choice
    }

    /// Times settings in turn.
    private mutating func compare(
        _ choices: [Choice], _ model: LlamaModel, _ role: ModelRole, sizes: [Int] = CostModel.comparedSizes,
        prefill: Int = 64,
        repetitions: Int = 3
    ) throws {
        let timers = try choices.map { try DecodeTimer(model: model, $0, slots: 1024) }
        for repetition in 0..<repetitions {
            for place in choices.indices {
                try Task.checkCancellation()
                let turn = (place + repetition) % choices.count
                if !sizes.isEmpty {
                    try record(
                        timers[turn], role, choices[turn], occupied: Self.occupancies[0], sizes: sizes, passes: 1)
                }
                record(
                    prefill: prefill, try timers[turn].milliseconds(prefill: prefill, passes: 1), role, choices[turn])
            }
        }
    }

    private mutating func record(
        _ timer: DecodeTimer, _ role: ModelRole, _ choice: Choice, occupied: Int, sizes: [Int], passes: Int
    ) throws {
        let times = try timer.milliseconds(sequences: sizes, occupied: occupied, passes: passes)
        let place = self.place(role, choice, occupied: occupied)
        for (size, times) in zip(sizes, times) {
            guard let least = times.first else { continue }
            curves[place].milliseconds[size] = min(least, curves[place].milliseconds[size] ?? least)
            let middle = times[times.count / 2]
            curves[place].typical[size] = curves[place].typical[size].map { ($0 + middle) / 2 } ?? middle
        }
    }

    private mutating func record(prefill size: Int, _ times: [Double], _ role: ModelRole, _ choice: Choice) {
        guard let least = times.first else { return }
        let place = self.place(role, choice, occupied: Self.occupancies[0])
        curves[place].prefill[size] = min(least, curves[place].prefill[size] ?? least)
    }

    private mutating func place(_ role: ModelRole, _ choice: Choice, occupied: Int) -> Int {
        if let known = curves.firstIndex(where: { $0.role == role && $0.choice == choice && $0.occupied == occupied }) {
            return known
        }
        curves.append(Curve(role: role, choice, occupied: occupied))
        return curves.count - 1
    }
}
