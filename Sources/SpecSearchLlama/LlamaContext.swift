import CLlama
import Foundation
package import SpecSearch

/// One llama.cpp context: the cache of one model and the passes over it.
///
/// Not `Sendable`: it belongs to the engine's queue. Calls that would end the process are checked before.
package final class LlamaContext {
    /// The model, which must outlive the context.
    package let model: LlamaModel
    /// How many tokens the cache holds.
    package let cellCapacity: Int
    /// How many sequences there are.
    package let sequenceCapacity: Int
    /// The most tokens of one pass.
    package let batchCapacity: Int
    /// How many tokens the model has.
    package let vocabularyCount: Int
    /// How many numbers a row has: the logits, or the hidden state.
    package let rowLength: Int
    package let configuration: Configuration
    /// Notes what the context does, while there is one.
    package var recording: PassRecording?
    private var governor: ThreadGovernor?
    private let pointer: OpaquePointer
    private let memory: OpaquePointer
    private var batch: llama_batch
    /// Passes so far.
    package private(set) var decodeCount = 0
    /// The passes so far and the time inside them, by the number of tokens.
    package private(set) var passes: [Int: (count: Int, time: Duration)] = [:]
    /// Time spent inside llama.cpp so far, in passes and in changes of the cache.
    package private(set) var libraryTime = Duration.zero

    /// Whether the times are of this thread's processor, which the machine's other work leaves alone, instead of the clock
    /// on the wall; right only with one thread a pass.
    package var measuresProcessorTime = false

    /// How to run a model.
    package struct Configuration: Sendable, Hashable {
        /// The size of the cache, in tokens.
        package var cells = 4096
        /// The number of sequences, at most 256.
        package var sequences = 64
        /// The most tokens of one pass.
        package var batch = 512
        /// Threads of one pass.
        package var threads = 1
        /// Whether passes have one thread while several wait for one another.
        package var governsThreads = false
        /// Whether to use flash attention, which on a processor is slower for small models.
        package var flashAttention = false
        /// Whether rows are the model's hidden states after the last norm, in place of logits.
        package var givesHiddenStates = false

        package init() {}
    }

    /// Makes a context with one cache shared by all sequences.
    ///
    /// - Throws: ``EngineError`` `badSetting` for sizes out of range, `computeFailed` if there is not enough memory.
    package init(model: LlamaModel, configuration: Configuration) throws(EngineError) {
        guard configuration.cells > 0, (1...256).contains(configuration.sequences), configuration.batch > 0,
            (1...512).contains(configuration.threads), configuration.cells <= 1 << 24
        else {
            throw EngineError(
                .badSetting,
                "The cache cannot have \(configuration.cells) tokens, \(configuration.sequences) sequences, batches of "
                    + "\(configuration.batch) and \(configuration.threads) threads.",
                remedy: "Sizes are positive; there are at most 256 sequences and 512 threads.")
        }
        LlamaLibrary.start()
        var parameters = llama_context_default_params()
        parameters.n_ctx = UInt32(configuration.cells)
        parameters.n_batch = UInt32(min(configuration.batch, configuration.cells))
        parameters.n_ubatch = parameters.n_batch
        parameters.n_seq_max = UInt32(configuration.sequences)
        parameters.n_threads = Int32(configuration.threads)
        parameters.n_threads_batch = Int32(configuration.threads)
        parameters.flash_attn_type =
            configuration.flashAttention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED
        parameters.kv_unified = true
        parameters.no_perf = true
        if configuration.givesHiddenStates {
            parameters.embeddings = true
            parameters.pooling_type = LLAMA_POOLING_TYPE_NONE
        }
        guard let pointer = llama_init_from_model(model.pointer, parameters) else {
            throw EngineError(
                .computeFailed,
                "llama.cpp could not make a context of \(configuration.cells) tokens for \(model.path): "
                    + "\(LlamaLibrary.takeComplaints()).",
                remedy: "Make the cache smaller, or free memory.")
        }
        guard let memory = llama_get_memory(pointer) else {
            llama_free(pointer)
            throw EngineError(
                .badModelFile, "The model \(model.path) has no cache, so it cannot be used here.",
                remedy: "Use a causal transformer.")
        }
        self.model = model
        self.pointer = pointer
        self.memory = memory
        cellCapacity = Int(llama_n_ctx(pointer))
        sequenceCapacity = min(Int(llama_n_seq_max(pointer)), 256)
        batchCapacity = Int(llama_n_batch(pointer))
        vocabularyCount = model.vocabulary.count
        self.configuration = configuration
        rowLength = configuration.givesHiddenStates ? Int(llama_model_n_embd_out(model.pointer)) : vocabularyCount
        batch = llama_batch_init(Int32(batchCapacity), 0, Int32(sequenceCapacity))
        if configuration.governsThreads { governor = ThreadGovernor(threads: configuration.threads) }
    }

    deinit {
        llama_batch_free(batch)
        llama_free(pointer)
    }

    /// Carries out actions on the cache.
    package func apply(_ actions: [PrefixTree.Action]) {
        if actions.isEmpty { return }
        recording?.entries.append(.actions(actions))
        let start = now()
        for action in actions {
            switch action {
            case .copy(let source, let destination, let end):
                precondition(contains(source) && contains(destination), "sequence out of range")
                llama_memory_seq_cp(memory, source, destination, 0, Int32(end))
            case .remove(let sequence, let start):
                precondition(contains(sequence), "sequence out of range")
                _ = llama_memory_seq_rm(memory, sequence, start == 0 ? -1 : Int32(start), -1)
            }
        }
        libraryTime += now() - start
    }

    /// Empties the cache.
    package func clear() { llama_memory_clear(memory, false) }

    /// Whether no sequence has any cell.
    package var isEmpty: Bool {
        (0..<Int32(sequenceCapacity)).allSatisfy { llama_memory_seq_pos_max(memory, $0) < 0 }
    }

    /// Evaluates a batch.
    ///
    /// - Parameters:
    ///   - request: At most ``batchCapacity`` tokens.
    ///   - needsLogits: Whether node `i` of the batch needs its logits, for ``logits(at:)``.
    /// - Throws: ``EngineError`` `computeFailed`; clear the cache then.
    package func decode(_ request: PrefixTree.Batch, needsLogits: (Int) -> Bool) throws(EngineError) {
        let count = request.nodes.count
        precondition(count > 0 && count <= batchCapacity, "batch of \(count) tokens")
        for index in 0..<count {
            let token = request.tokens[index]
            guard token >= 0, Int(token) < vocabularyCount else {
                throw EngineError(
                    .mismatch, "Token \(token) is not in the vocabulary of \(model.path).",
                    remedy: "Use models of one family, with the same tokenizer.")
            }
            batch.token[index] = token
            batch.pos[index] = request.positions[index]
            let range = request.sequenceOffsets[index]..<request.sequenceOffsets[index + 1]
            batch.n_seq_id[index] = Int32(range.count)
            if let ids = batch.seq_id[index] {
                for (place, offset) in range.enumerated() { ids[place] = request.sequences[offset] }
            }
            // With hidden states llama.cpp takes every token for an output, and complains unless told so.
            batch.logits[index] = configuration.givesHiddenStates || needsLogits(index) ? 1 : 0
        }
        batch.n_tokens = Int32(count)
        recording?.entries.append(.pass(request, needsLogits: (0..<count).map { batch.logits[$0] != 0 }))
        let start = now()
        let status = llama_decode(pointer, batch)
        let elapsed = now() - start
        libraryTime += elapsed
        decodeCount += 1
        passes[count, default: (0, .zero)].count += 1
        passes[count, default: (0, .zero)].time += elapsed
        govern(tokens: count, elapsed)
        guard status == 0 else {
            throw EngineError(
                .computeFailed,
                "llama.cpp failed to evaluate \(count) tokens of \(model.path) (status \(status)): "
                    + "\(LlamaLibrary.takeComplaints()).",
                remedy: status == 1 ? "Raise the cache size." : "")
        }
    }

    private func govern(tokens: Int, _ elapsed: Duration) {
        guard let before = governor?.threads else { return }
        governor?.note(tokens: tokens, seconds: elapsed / .seconds(1))
        if let threads = governor?.threads, threads != before {
            llama_set_n_threads(pointer, Int32(threads), Int32(threads))
        }
    }

    private func now() -> Duration {
        var time = timespec()
        clock_gettime(measuresProcessorTime ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The logits or hidden state after node `index` of the last batch, ``rowLength`` numbers, valid until the next pass.
    ///
    /// - Throws: ``EngineError`` `computeFailed` if they were not asked for.
    package func logits(at index: Int) throws(EngineError) -> UnsafePointer<Float> {
        let row =
            configuration.givesHiddenStates
            ? llama_get_embeddings_ith(pointer, Int32(index)) : llama_get_logits_ith(pointer, Int32(index))
        guard let row else {
            throw EngineError(.computeFailed, "\(model.path) gave no logits for token \(index) of a batch.", remedy: "")
        }
        return UnsafePointer(row)
    }

    private func contains(_ sequence: PrefixTree.SequenceID) -> Bool {
        sequence >= 0 && Int(sequence) < sequenceCapacity
    }
}
