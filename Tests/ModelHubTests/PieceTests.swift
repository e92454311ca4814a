import Foundation
import ModelHub
import Testing

/// The small parts: ranges, pauses, progress.
@Suite struct PieceTests {
    @Test func `Ranges hold what a set of numbers holds`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var ranges = ByteRanges()
            var numbers: Set<Int64> = []
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                let start = Int64.random(in: 0...60, using: &generator)
                let range = start..<start + Int64.random(in: 0...15, using: &generator)
                ranges.insert(range)
                numbers.formUnion(range)
            }
            #expect(Set(ranges.ranges.joined()) == numbers)
            #expect(ranges.count == Int64(numbers.count))
            for (one, next) in zip(ranges.ranges, ranges.ranges.dropFirst()) {
                #expect(one.upperBound < next.lowerBound)
            }
            let missing = ranges.missing(of: 70, piece: 7)
            #expect(Set(missing.joined()) == Set(0..<70).subtracting(numbers))
            #expect(missing.allSatisfy { (1...7).contains($0.count) })
            #expect(try JSONDecoder().decode(ByteRanges.self, from: JSONEncoder().encode(ranges)) == ranges)
        }
    }

    @Test func `Pauses double, and a server's own pause counts unless it is too long`() {
        let policy = RetryPolicy(attempts: 10)
        let pauses = (1...10).map { policy.delay(failures: $0, requested: nil) }
        #expect(
            pauses == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(30),
                .seconds(30), .seconds(30), nil,
            ])
        #expect(policy.delay(failures: 1, requested: .seconds(20)) == .seconds(20))
        #expect(policy.delay(failures: 1, requested: .seconds(3600)) == nil)
        #expect(policy.delay(failures: 10, requested: .seconds(1)) == nil)
    }

    @Test func `A requested pause is seconds or a date`() {
        let now = Date(timeIntervalSince1970: 784_111_777)
        #expect(RetryPolicy.requested("12", now: now) == .seconds(12))
        #expect(RetryPolicy.requested("-3", now: now) == .seconds(0))
        #expect(RetryPolicy.requested("Sun, 06 Nov 1994 08:49:47 GMT", now: now) == .seconds(10))
        #expect(RetryPolicy.requested("Sun, 06 Nov 1994 08:00:00 GMT", now: now) == .seconds(0))
        #expect(RetryPolicy.requested("soon", now: now) == nil)
        #expect(RetryPolicy.requested(nil, now: now) == nil)
    }

    @Test func `Progress is one line, and a message is said once`() {
        let log = Log()
        let meter = ProgressMeter(file: "x.gguf", index: 1, count: 2, report: log.take)
        meter.begin(.downloading, completed: 250_000_000, total: 1_000_000_000, message: "Hello.")
        meter.begin(.checking, completed: 0)
        #expect(
            log.all.map(\.description) == [
                "[1/2] x.gguf  25 %  250 of 1000 MB  Hello.", "[1/2] x.gguf  checking 0 %",
            ])
    }
}
