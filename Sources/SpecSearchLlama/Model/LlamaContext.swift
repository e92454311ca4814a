import CLlama
import Foundation
package import SpecSearch

/// One llama.cpp context: the KV cache of one model and the forward passes over it.
///
/// Not `Sendable`: it belongs to the engine's queue. Calls that would end the process are checked before.
package final class LlamaContext {
    /// The model, which must outlive the context.
    package let model: LlamaModel
    /// How many tokens the KV cache holds.
    package let slotCapacity: Int
    /// How many sequences there are.
    package let sequenceCapacity: Int
    /// The most tokens of one forward pass.
    package let batchCapacity: Int
    /// How many tokens the vocabulary has: the length of ``logits(at:)``.
    package let vocabularyCount: Int
    /// The length of ``hiddenState(at:)``.
    package let hiddenLength: Int
    package let configuration: Configuration
    /// Notes what the context does, while there is one.
    package var recording: DecodeRecording?
    /// What changes the model's weights here; held as long as the context.
    package let adapters: [AppliedAdapter]
    private let pointer: OpaquePointer
    private let memory: OpaquePointer
    private var batch: llama_batch
    /// Where llama.cpp leaves hidden states.
    private let capture: HiddenStateCapture?
    /// The place of each of the last batch's tokens among its outputs; -1 for none.
    private var outputPlaces: [Int32] = []
    /// Whether the last pass went on to the logits.
    private var hasLogits = false
    /// How many tokens' logits were computed so far.
    package private(set) var logitsCount = 0
    private var governor: ThreadGovernor?
    private var currentThreads: Int
    private let epoch = ContinuousClock.now
    /// The forward passes so far and the time inside them, by their kind.
    package private(set) var passes: [PassKind: (count: Int, time: Duration)] = [:]
    /// Time spent inside llama.cpp so far, in forward passes and in changes of the cache.
    package private(set) var libraryTime = Duration.zero

    /// What the time of a pass depends on.
    package struct PassKind: Hashable {
        package var tokens: Int
        /// Whether less than half of the tokens' outputs are read: a prompt, not sequences that go on.
        package var isPrefill: Bool
    }

    /// How to run a model.
    package struct Configuration: Sendable, Hashable {
        /// The size of the KV cache, in tokens.
        package var slots = 4096
        /// The number of sequences, at most 256.
        package var sequences = 64
        /// The most tokens of one forward pass.
        package var batch = 512
        /// The most tokens that are computed together, where a pass has more.
        package var microBatch = 512
        /// Threads of one forward pass.
        package var threads = 1
        /// Whether a pass has one thread while others have the cores: see ``ThreadGovernor``.
        package var adaptsThreads = false
        /// Whether to use flash attention, which on a processor is slower for small models.
        package var flashAttention = false
        /// Whether a forward pass also gives the hidden states after the last norm, wherever it gives logits.
        package var givesHiddenStates = false

        package init() {}

        /// The most tokens of a KV cache, and so of a text.
        package static let maximumSlots = 1 << 24

        /// Checks the sizes, also before anything is computed from them.
        ///
        /// - Throws: ``SpecSearchError`` `badSetting`.
        func check() throws(SpecSearchError) {
            guard (1...Self.maximumSlots).contains(slots), (1...256).contains(sequences), batch > 0,
                (1...512).contains(threads)
            else {
                throw SpecSearchError(
                    .badSetting,
                    "The cache cannot have \(slots) tokens, \(sequences) sequences, batches of \(batch) and \(threads) "
                        + "threads.",
                    remedy: "Sizes are positive; there are at most \(Self.maximumSlots) tokens (cacheTokens, or the "
                        + "models' contextLength), 256 sequences and 512 threads.")
            }
        }
    }

    /// Makes a context with one KV cache shared by all sequences.
    ///
    /// - Parameter adapters: Those that it computes with, of this model; contexts of one model may have others.
    /// - Throws: ``SpecSearchError`` `badSetting` for sizes out of range, `computeFailed` if there is not enough memory.
    package init(
        model: LlamaModel, configuration: Configuration, adapters: [AppliedAdapter] = []
    ) throws(SpecSearchError) {
        try configuration.check()
        LlamaLibrary.start()
        var parameters = llama_context_default_params()
        parameters.n_ctx = UInt32(configuration.slots)
        parameters.n_batch = UInt32(min(configuration.batch, configuration.slots))
        parameters.n_ubatch = min(parameters.n_batch, UInt32(max(1, configuration.microBatch)))
        parameters.n_seq_max = UInt32(configuration.sequences)
        parameters.n_threads = Int32(configuration.threads)
        parameters.n_threads_batch = Int32(configuration.threads)
        parameters.flash_attn_type =
            configuration.flashAttention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED
        parameters.kv_unified = true
        parameters.no_perf = true
        let capture =
            configuration.givesHiddenStates
            ? HiddenStateCapture(length: Int(llama_model_n_embd_out(model.pointer))) : nil
        capture?.observe(&parameters)
        guard let pointer = llama_init_from_model(model.pointer, parameters) else {
            throw SpecSearchError(
                .computeFailed,
                "llama.cpp could not make a context of \(configuration.slots) tokens for \(model.path): "
                    + "\(LlamaLibrary.takeComplaints()).",
                remedy: "Lower cacheTokens, or free memory.")
        }
        guard let memory = llama_get_memory(pointer) else {
            llama_free(pointer)
            throw SpecSearchError(
                .badModelFile, "The model \(model.path) has no KV cache, so it cannot be used here.",
                remedy: "Use a causal transformer.")
        }
        var handles = adapters.map { Optional($0.adapter.pointer) }
        var scales = adapters.map { Float($0.scale) }
        guard adapters.isEmpty || llama_set_adapters_lora(pointer, &handles, handles.count, &scales) == 0 else {
            llama_free(pointer)
            throw SpecSearchError(
                .computeFailed,
                "llama.cpp could not apply adapters to \(model.path): "
                    + "\(LlamaLibrary.takeComplaints()).")
        }
        self.model = model
        self.adapters = adapters
        self.pointer = pointer
        self.memory = memory
        self.capture = capture
        slotCapacity = Int(llama_n_ctx(pointer))
        sequenceCapacity = min(Int(llama_n_seq_max(pointer)), 256)
        batchCapacity = Int(llama_n_batch(pointer))
        vocabularyCount = model.vocabulary.count
        self.configuration = configuration
        currentThreads = configuration.threads
        if configuration.adaptsThreads, configuration.threads > 1 {
            governor = ThreadGovernor(limit: configuration.threads)
        }
        hiddenLength = Int(llama_model_n_embd_out(model.pointer))
        batch = llama_batch_init(Int32(batchCapacity), 0, Int32(sequenceCapacity))
    }

    deinit {
        llama_batch_free(batch)
        llama_free(pointer)
    }

    /// Carries out actions on the cache.
    package func apply(_ actions: [RadixCache.Action]) {
        if actions.isEmpty { return }
        recording?.entries.append(.actions(actions))
        let start = ContinuousClock.now
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
        libraryTime += ContinuousClock.now - start
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
    ///   - needsLogits: Whether the outputs are more than hidden states.
    ///   - needsOutput: Whether what follows node `i` of the batch is read.
    /// - Throws: ``SpecSearchError`` `computeFailed`; clear the cache then.
    package func decode(
        _ request: RadixCache.Batch, needsLogits: Bool = true, needsOutput: (Int) -> Bool
    ) throws(SpecSearchError) {
        let count = request.nodes.count
        precondition(count > 0 && count <= batchCapacity, "batch of \(count) tokens")
        var outputs: Int32 = 0
        outputPlaces.removeAll(keepingCapacity: true)
        for index in 0..<count {
            let token = request.tokens[index]
            guard token >= 0, Int(token) < vocabularyCount else {
                throw SpecSearchError(
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
            let isOutput = needsOutput(index)
            batch.logits[index] = isOutput ? 1 : 0
            outputPlaces.append(isOutput ? outputs : -1)
            outputs += isOutput ? 1 : 0
        }
        batch.n_tokens = Int32(count)
        recording?.entries.append(
            .pass(request, needsLogits: needsLogits, needsOutput: outputPlaces.map { $0 >= 0 }))
        adaptThreads()
        capture?.begin(needsLogits: needsLogits)
        hasLogits = needsLogits || capture == nil
        let start = ContinuousClock.now
        let status = llama_decode(pointer, batch)
        let elapsed = ContinuousClock.now - start
        libraryTime += elapsed
        let kind = PassKind(tokens: count, isPrefill: 2 * Int(outputs) < count)
        passes[kind, default: (0, .zero)].count += 1
        passes[kind, default: (0, .zero)].time += elapsed
        guard status == 0 else {
            throw SpecSearchError(
                .computeFailed,
                "llama.cpp failed to evaluate \(count) tokens of \(model.path) (status \(status)): "
                    + "\(LlamaLibrary.takeComplaints()).",
                remedy: status == 1 ? "Raise cacheTokens." : "")
        }
        if hasLogits { logitsCount += Int(outputs) }
        guard let capture, capture.count != Int(outputs) else { return }
        throw SpecSearchError(
            .computeFailed,
            "\(model.path) gave \(capture.count) hidden states for \(outputs) tokens.",
            remedy: "llama.cpp does not give them for this architecture: use a reward model of another kind.")
    }

    /// The logits after node `index` of the last batch, ``vocabularyCount`` numbers, valid until the next pass.
    ///
    /// - Throws: ``SpecSearchError`` `computeFailed` if they were not asked for.
    package func logits(at index: Int) throws(SpecSearchError) -> UnsafePointer<Float> {
        guard hasLogits, let row = llama_get_logits_ith(pointer, Int32(index)) else {
            throw SpecSearchError(.computeFailed, "\(model.path) gave no logits for token \(index) of a batch.")
        }
        return UnsafePointer(row)
    }

    /// The hidden state after node `index` of the last batch, ``hiddenLength`` numbers, valid until the next pass.
    ///
    /// - Throws: ``SpecSearchError`` `computeFailed` unless the context gives hidden states.
    package func hiddenState(at index: Int) throws(SpecSearchError) -> UnsafePointer<Float> {
        guard outputPlaces.indices.contains(index), outputPlaces[index] >= 0,
            let state = capture?.state(at: Int(outputPlaces[index]))
        else {
            throw SpecSearchError(
                .computeFailed, "\(model.path) gave no hidden state for token \(index) of a batch.")
        }
        return state
    }

    private func adaptThreads() {
        guard governor != nil else { return }
        let now = (ContinuousClock.now - epoch).inSeconds
        guard let threads = governor?.threads(at: now, waited: Processor.waitedSeconds), threads != currentThreads
        else { return }
        currentThreads = threads
        llama_set_n_threads(pointer, Int32(threads), Int32(threads))
    }

    private func contains(_ sequence: RadixCache.SequenceID) -> Bool {
        sequence >= 0 && Int(sequence) < sequenceCapacity
    }
}
