import Synchronization

/// Work for a group: phases, none of which begins before the one before it is done, each of as many parts as there are
/// workers. A part waits for nothing, so that any thread can do it.
package final class Phases: Sendable {
  let list: [Phase]

  /// - Parameter build: adds the work in its order.
  package init(_ build: (inout PhaseList) -> Void) {
    var phases = PhaseList()
    build(&phases)
    list = phases.bodies.filter { !$0.isEmpty }.map(Phase.init)
  }
}

/// Phases that are being put together.
package struct PhaseList {
  package typealias Body = @Sendable (Worker) -> Void

  fileprivate var bodies: [[Body]] = [[]]

  /// What each worker does next, once it has done its own part of what came before.
  package mutating func add(_ body: @escaping Body) { bodies[bodies.count - 1].append(body) }

  /// What follows begins when all workers have come here. What was written before is seen by all after.
  package mutating func meet() { bodies.append([]) }
}

final class Phase: Sendable {
  private let bodies: [PhaseList.Body]
  /// Nanoseconds that a part takes, as far as it is known: 0 at first.
  let duration = Atomic<Int>(0)

  init(_ bodies: [PhaseList.Body]) { self.bodies = bodies }

  func callAsFunction(_ worker: Worker) { for body in bodies { body(worker) } }

  /// - Parameter nanoseconds: of a part; what took much longer than others was held up.
  func took(_ nanoseconds: Int) {
    let known = duration.load(ordering: .relaxed)
    let next = known == 0 ? nanoseconds : known + (min(nanoseconds, known + known / 4) - known) / 16
    duration.store(next, ordering: .relaxed)
  }
}
