import SpecSearchServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct AdmissionTests {
    private func admission(running: Int = 1, queued: Int = 1, perKey: Int? = nil) -> Admission {
        var limits = ServerConfiguration.Limits()
        limits.runningSearches = running
        limits.queuedSearches = queued
        limits.searchesPerKey = perKey
        return Admission(limits)
    }

    @Test func `one runs, one waits, the third is refused with a time to come back`() async throws {
        let admission = admission()
        var first: Admission.Ticket? = try admission.enter("a")
        let second = try admission.enter("a")
        let refusal = #expect(throws: APIError.self) { try admission.enter("b") }
        #expect(refusal?.statusCode == 429)
        #expect(refusal?.retryAfter ?? 0 > 0)
        #expect(throws: APIError.self) { try admission.check("b") }
        try await first?.turn()
        #expect(admission.running == 1 && admission.queued == 1)
        first = nil
        try await second.turn()
        #expect(admission.running == 1 && admission.queued == 0)
    }

    @Test func `a key has its own limit`() throws {
        let admission = admission(running: 4, perKey: 1)
        let ticket = try admission.enter("a")
        #expect(throws: APIError.self) { try admission.enter("a") }
        let other = try admission.enter("b")
        withExtendedLifetime((ticket, other)) { #expect(admission.running == 2) }
    }

    @Test func `who waits and goes leaves the queue`() async throws {
        let admission = admission()
        let first = try admission.enter("a")
        let waiting = Task { try await admission.enter("b").turn() }
        while admission.queued == 0 { await Task.yield() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(admission.queued == 0)
        withExtendedLifetime(first) { #expect(admission.running == 1) }
    }

    @Test func `draining refuses newcomers and ends when all have gone`() async throws {
        let admission = admission()
        var ticket: Admission.Ticket? = try admission.enter("a")
        admission.drain()
        let refusal = #expect(throws: APIError.self) { try admission.enter("b") }
        #expect(refusal?.statusCode == 503)
        let idle = Task { await admission.becomesIdle() }
        #expect(ticket?.isStopped == false)
        admission.stopAll()
        #expect(ticket?.isStopped == true)
        ticket = nil
        await idle.value
        #expect(admission.running == 0)
    }
}
