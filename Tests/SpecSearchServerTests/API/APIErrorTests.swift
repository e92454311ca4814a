import SpecSearch
import SpecSearchServer
import Testing

@Suite struct APIErrorTests {
    @Test(arguments: [
        (EngineError.Code.contextOverflow, 400), (.badSetting, 400), (.badScore, 500), (.computeFailed, 500),
        (EngineError.Code("unavailable"), 503),
    ])
    func `failures of engines have the status that tells clients what to do`(code: EngineError.Code, status: Int) {
        let error = APIError(EngineError(code, "It failed.", remedy: "Mend it."))
        #expect(error.statusCode == status)
        #expect(error.message.contains("Mend it."))
    }

    @Test func `unexpected failures tell nothing of the inside`() {
        struct Secret: Error { let path = "/home/me" }
        #expect(APIError(Secret()).statusCode == 500)
        #expect(!APIError(Secret()).message.contains("home"))
    }
}
