import Selva
import Testing

/// Numbers made by References/latent_geometry.py.
@Suite struct LatentGeometryTests {
  private func expectClose(
    _ found: [Float], _ expected: [Double], tolerance: Double = 1e-6,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: location)
    for (a, b) in zip(found, expected) {
      #expect(abs(Double(a) - b) <= tolerance * max(1, abs(b)), sourceLocation: location)
    }
  }

  // MARK: Interpolation

  private let start: [Float] = [1, 2, -1]
  private let end: [Float] = [-0.5, 1, 3]

  @Test(arguments: [
    (0.25, [0.8842962247850986, 2.484823322435355, 0.010992366296348999]),
    (0.5, [0.5600312939013589, 2.507940917886462, 1.1748166187033224]),
    (0.9, [-0.2692777252418758, 1.450941120153563, 2.756148438538519]),
  ]) func followsTheGreatCircle(t: Double, expected: [Double]) {
    expectClose(Interpolation.spherical.point(from: start, to: end, at: t), expected)
  }

  @Test func followsTheStraightLine() {
    expectClose(Interpolation.linear.point(from: start, to: end, at: 0.25), [0.625, 1.75, 0])
  }

  @Test(arguments: Interpolation.allCases) func meetsBothEnds(kind: Interpolation) {
    #expect(kind.point(from: start, to: end, at: 0) == start)
    #expect(kind.point(from: start, to: end, at: 1) == end)
  }

  @Test func takesTheLineWhereThereIsNoOneCircle() {
    func halfway(_ a: [Float], _ b: [Float]) -> [Float] {
      Interpolation.spherical.point(from: a, to: b, at: 0.5)
    }
    #expect(halfway([1, 2], [3, 6]) == [2, 4])
    #expect(halfway([1, 0], [-1, 0]) == [0, 0])
    #expect(halfway([0, 0], [2, 2]) == [1, 1])
    #expect(halfway([1, 1], [1, 1]) == [1, 1])
    #expect(halfway([1, 0], [1, 0x1p-30]) == [1, 0x1p-31])
  }

  /// Off the middle, where what is lost to rounding cannot cancel.
  @Test(arguments: [0.1, 0.25, 0.9]) func oppositeVectorsAreJoinedByTheLine(t: Double) {
    for scale in [1, 3, 1e-3] as [Float] {
      let (a, b): ([Float], [Float]) = ([2, -1, 0.5], [-2 * scale, scale, -0.5 * scale])
      let expected = zip(a, b).map { (1 - t) * Double($0) + t * Double($1) }
      expectClose(Interpolation.spherical.point(from: a, to: b, at: t), expected)
    }
    // Near the opposite, but with a circle of their own.
    let near = Interpolation.spherical.point(from: [1, 0], to: [-1, 1e-4], at: 0.5)
    #expect(abs(near[0]) < 1e-3 && abs(near[1] - 1) < 1e-3)
  }

  @Test func walksThroughPoints() {
    let points: [[Float]] = [[0, 0], [4, 0], [4, 8]]
    let open = Interpolation.linear.path(through: points, stepsPerSegment: 2)
    #expect(open == LatentTable(latent: 2, values: [0, 0, 2, 0, 4, 0, 4, 4, 4, 8]))
    let closed = Interpolation.linear.path(through: points, stepsPerSegment: 2, closed: true)
    #expect(closed == LatentTable(latent: 2, values: [0, 0, 2, 0, 4, 0, 4, 4, 4, 8, 2, 4]))
    let single = Interpolation.spherical.path(through: [[1, 2]], stepsPerSegment: 5)
    #expect(single == LatentTable(latent: 2, values: [1, 2]))
  }

  // MARK: Quantiles and the manifold

  @Test(arguments: [
    (1e-300, -37.0470962993612), (1e-20, -9.262340089798409), (1e-10, -6.361340902404056),
    (1e-05, -4.264890793922825), (0.001, -3.090232306167813), (0.02425, -1.972961051311885),
    (0.07, -1.4757910281791706), (0.075, -1.4395314709384563), (0.2, -0.8416212335729142),
    (0.4999, -0.0002506628300880075), (0.5, 0), (0.75, 0.6744897501960817), (0.924, 1.432502720825812),
    (0.93, 1.475791028179171), (0.999, 3.090232306167813), (1 - 0x1p-40, 7.047700256664409),
  ]) func quantilesOfTheNormal(p: Double, expected: Double) {
    #expect(abs(normalQuantile(p) - expected) <= 4e-15 * abs(expected))
  }

  @Test func quantilesAtTheEnds() {
    #expect(normalQuantile(0) == -.infinity)
    #expect(normalQuantile(1) == .infinity)
    #expect(gaussianQuantiles(count: 1) == [0])
    expectClose(
      gaussianQuantiles(count: 5).map { Float($0) },
      [-1.2815515655446004, -0.5244005127080409, 0, 0.5244005127080407, 1.2815515655446004])
  }

  @Test func laysAGridOverTwoComponents() {
    let q = Float(0.6744897501960817)
    let grid = Manifold.grid(rows: 2, columns: 3, center: [10, 20, 30], x: 2, y: 0, deviations: [1, 1, 2])
    #expect(grid.columns == ["z0", "z1", "z2"])
    let a = Double(2 * normalQuantile(1 / 6))
    expectClose(
      grid.values,
      [
        10 + Double(q), 20, 30 + a, 10 + Double(q), 20, 30, 10 + Double(q), 20, 30 - a,
        10 - Double(q), 20, 30 + a, 10 - Double(q), 20, 30, 10 - Double(q), 20, 30 - a,
      ])
  }

  @Test func laysAGridOverTwoDirections() {
    let grid = Manifold.grid(rows: 2, columns: 2, center: [0, 0], across: [1, 1], up: [-2, 2])
    let q = 0.6744897501960817
    expectClose(grid.values, [-3 * q, q, -q, 3 * q, q, -3 * q, 3 * q, -q])
  }

  // MARK: Traversal

  @Test func traversesComponents() {
    let table = Traversal.lines(
      components: [1, 0], steps: 3, sigmas: 2, center: [1, 2], deviations: [1, 0.5])
    #expect(table.values == [1, 1, 1, 2, 1, 3, -1, 2, 1, 2, 3, 2])
    #expect(Traversal.lines(components: [0], steps: 1, sigmas: 3, center: [1, 2]).values == [1, 2])
  }

  @Test func traversesDirections() {
    let table = Traversal.lines(along: [[1, -1]], steps: 5, sigmas: 3, center: [0, 1])
    #expect(table.values == [-3, 4, -1.5, 2.5, 0, 1, 1.5, -0.5, 3, -2])
  }

  // MARK: Principal directions

  @Test func findsPrincipalDirections() {
    var values: [Float] = []
    for i in 0..<7 {
      for j in 0..<4 {
        let mixed: Int = i * i * 7 + i * j * 3 + j * j * 5 + j * 11
        values.append(Float(mixed % 17 - 8) / 4)
      }
    }
    let found = PrincipalDirections(values, latent: 4)
    expectClose(found.mean, [0.10714285714285714, 0.2857142857142857, -0.07142857142857142, 0.25])
    let variances = [2.7374964655742673, 1.4123737737351572, 0.962049387140548, 0.200580373550029]
    #expect(zip(found.variances, variances).allSatisfy { abs($0 - $1) < 1e-13 })
    let directions = [
      [-0.1430115967904995, 0.9087652036562021, 0.31562914970622236, -0.2325332829142105],
      [0.984271249617402, 0.08934782886890345, 0.11527185256678564, -0.0996969039581051],
      [0.10303825101224535, 0.3973371148239504, -0.577324150565215, 0.705835080727694],
      [-0.011870517611560463, -0.09102739853194677, 0.7441689761308931, 0.6616537149388932],
    ]
    for (direction, expected) in zip(found.directions, directions) { expectClose(direction, expected) }
    expectClose(found.sigma(0), directions[0].map { $0 * 2.7374964655742673.squareRoot() })
  }

  @Test func findsNoVarianceInOneVector() {
    let found = PrincipalDirections([3, -4], latent: 2)
    #expect(found.variances == [0, 0])
    #expect(found.directions == [[1, 0], [0, 1]])
  }

  /// Larger than the fixture: eigenvectors must be orthonormal and give the variances back.
  @Test func splitsVarianceIntoOrthogonalParts() {
    let (latent, count) = (24, 200)
    var state: UInt32 = 7
    var values: [Float] = []
    for index in 0..<latent * count {
      state = state &* 1_664_525 &+ 1_013_904_223
      let scale = Float(1 + index % latent % 5)
      values.append(Float(Int32(bitPattern: state)) * 0x1p-31 * scale)
    }
    let found = PrincipalDirections(values, latent: latent)
    #expect(found.variances == found.variances.sorted(by: >))
    for (i, a) in found.directions.enumerated() {
      #expect(a.max { abs($0) < abs($1) }.map { $0 > 0 } == true)
      for (j, b) in found.directions.enumerated() {
        let product = zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(product - (i == j ? 1 : 0)) < 1e-6)
      }
      var squares = 0.0
      for row in 0..<count {
        var along = 0.0
        for k in 0..<latent { along += Double(a[k]) * Double(values[row * latent + k] - found.mean[k]) }
        squares += along * along
      }
      let variance = squares / Double(count - 1)
      #expect(abs(variance - found.variances[i]) < 1e-5)
    }
  }
}
