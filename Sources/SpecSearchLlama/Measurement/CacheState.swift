public import SpecSearch

extension LlamaEngine {
    /// What one model's KV caches hold, over all workers.
    public struct CacheState: Sendable, Hashable, Codable {
        /// Tokens in the cache.
        public var slots = 0
        /// Sequences in the cache.
        public var sequences = 0
        /// Prefixes that a call is using; 0 between calls.
        public var locks = 0
        /// Tokens that wait for evaluation; 0 between calls.
        public var pending = 0
        /// Tokens evaluated since loading.
        public var evaluated = 0
        /// Of those, tokens evaluated again because what follows them was no longer kept.
        public var repeated = 0
        /// Tokens whose logits were computed.
        public var logits = 0
        /// Tokens that were evicted for want of room.
        public var evicted = 0
        /// How many sequences were preempted for want of room, and began again; of all models together.
        public var preempted = 0
    }

    /// What each role's model has cached; roles with the same file have the same caches.
    public func cacheStates() async -> [ModelRole: CacheState] {
        var states: [ModelRole: CacheState] = [:]
        for worker in pool.workers {
            for (role, state) in await worker.cacheStates() { states[role, default: CacheState()].add(state) }
        }
        return states
    }
}

extension LlamaEngine.CacheState {
    fileprivate mutating func add(_ other: Self) {
        slots += other.slots
        sequences += other.sequences
        locks += other.locks
        pending += other.pending
        evaluated += other.evaluated
        repeated += other.repeated
        logits += other.logits
        evicted += other.evicted
        preempted += other.preempted
    }
}

extension EngineWorker {
    func cacheStates() -> [ModelRole: LlamaEngine.CacheState] {
        var states: [ModelRole: LlamaEngine.CacheState] = [:]
        for (roles, runner) in zip(roles, runners) {
            var state = LlamaEngine.CacheState()
            state.slots = runner.cache.slotCount
            state.sequences = runner.cache.sequenceCount
            state.locks = runner.cache.lockCount
            state.pending = runner.cache.pendingCount
            state.evaluated = runner.evaluatedCount
            state.repeated = runner.repeatedCount
            state.logits = runner.context.logitsCount
            state.evicted = runner.cache.evictedCount
            state.preempted = preemptions
            for role in roles { states[role] = state }
        }
        return states
    }
}
