/// Which server a group of backends runs: said by the configuration and checked by canary calls, never guessed from a
/// URL.
///
/// ```swift
/// let target = BackendGroup(urls: ["http://10.0.0.1:8000"], dialect: .vllm)
/// ```
public enum Dialect: String, Sendable, Hashable, Codable, CaseIterable {
    /// vLLM's OpenAI server (read and tried with 0.32).
    case vllm
    /// SGLang's native API (read with 0.5.23).
    case sglang
    /// llama.cpp's `llama-server` (0.5.0, as the bootstrap builds it).
    case llamaServer = "llama-server"
    /// Any server with `/v1/completions` and no token ids (Ollama, LM Studio): text in, text out.
    case openAI = "openai"

    package var codec: any ServerDialect {
        switch self {
        case .vllm: VLLMDialect()
        case .sglang: SGLangDialect()
        case .llamaServer: LlamaServerDialect()
        case .openAI: TextOnlyDialect()
        }
    }
}
