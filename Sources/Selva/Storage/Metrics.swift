import Files

/// What one epoch of training came to. Losses are nats per image.
public struct EpochMetrics: Sendable, Equatable, Codable {
  /// From 1.
  public var epoch: Int
  /// −ELBO, or the importance-weighted bound where training minimizes that; averaged over the epoch's steps, each with the
  /// weights of its time.
  public var trainLoss: Double
  /// −log p(x | z), averaged likewise.
  public var trainReconstruction: Double
  /// KL(q(z | x) ‖ p(z)) with weight 1, whatever β is; averaged likewise.
  public var trainKL: Double
  /// As `trainLoss`, on the validation images with the weights at the epoch's end. Nil where no images were kept for
  /// validation; an empty field in the file.
  public var validationLoss: Double?
  /// −log p(x | z) of the validation images; nil where there are none.
  public var validationReconstruction: Double?
  /// KL divergence of the validation images; nil where there are none.
  public var validationKL: Double?
  /// At the epoch's end.
  public var learningRate: Double
  /// That the epoch's steps took, validation and pictures left out.
  public var seconds: Double
  /// Training images a second, over those seconds.
  public var imagesPerSecond: Double

  enum CodingKeys: String, CodingKey, CaseIterable {
    case epoch
    case trainLoss = "train_loss"
    case trainReconstruction = "train_reconstruction"
    case trainKL = "train_kl"
    case validationLoss = "validation_loss"
    case validationReconstruction = "validation_reconstruction"
    case validationKL = "validation_kl"
    case learningRate = "learning_rate"
    case seconds
    case imagesPerSecond = "images_per_second"
  }

  package init(
    epoch: Int, trainLoss: Double, trainReconstruction: Double, trainKL: Double,
    validationLoss: Double? = nil, validationReconstruction: Double? = nil, validationKL: Double? = nil,
    learningRate: Double, seconds: Double, imagesPerSecond: Double
  ) {
    self.epoch = epoch
    self.trainLoss = trainLoss
    self.trainReconstruction = trainReconstruction
    self.trainKL = trainKL
    self.validationLoss = validationLoss
    self.validationReconstruction = validationReconstruction
    self.validationKL = validationKL
    self.learningRate = learningRate
    self.seconds = seconds
    self.imagesPerSecond = imagesPerSecond
  }

  /// In the order of the columns.
  fileprivate var fields: [String] {
    let validation = [validationLoss, validationReconstruction, validationKL]
    return ["\(epoch)"] + [trainLoss, trainReconstruction, trainKL].map { "\($0)" }
      + validation.map { $0.map { "\($0)" } ?? "" }
      + [learningRate, seconds, imagesPerSecond].map { "\($0)" }
  }
}

extension Collection<EpochMetrics> {
  /// The epoch whose weights a run keeps: that with the least validation loss, the first of equals. Nil where none was
  /// validated.
  public var best: EpochMetrics? {
    lazy.filter { $0.validationLoss?.isFinite ?? false }
      .min { ($0.validationLoss ?? 0) < ($1.validationLoss ?? 0) }
  }
}

/// The file `metrics.csv`: a row of names, then a row for each epoch.
///
/// It is small, and written whole each time, so that it is never seen half-written.
public struct MetricsLog: Sendable {
  /// The file.
  public let path: String
  /// One for each epoch, ascending.
  public private(set) var rows: [EpochMetrics] = []

  /// Names of the columns, in their order.
  public static let columns = EpochMetrics.CodingKeys.allCases.map(\.rawValue)

  /// An empty log; nothing is written before the first `append`.
  package init(path: String) { self.path = path }

  /// Adds an epoch and writes the file.
  ///
  /// - Throws: `FileError` where it cannot be written.
  package mutating func append(_ row: EpochMetrics) throws {
    rows.append(row)
    try write()
  }

  /// Drops what came after `epoch`, as when a run goes on from an earlier checkpoint, and writes the file.
  ///
  /// - Throws: `StorageError` where the file ends before that epoch; `FileError` where it cannot be written.
  package mutating func keep(through epoch: Int) throws {
    let last = rows.last?.epoch ?? 0
    guard last >= epoch else {
      throw StorageError.brokenTable(
        path: path, line: rows.count + 1,
        problem: "ends after epoch \(last), and the checkpoint beside it was written after epoch \(epoch)",
        fix: "put the whole file back")
    }
    rows.removeAll { $0.epoch > epoch }
    try write()
  }

  private func write() throws {
    let lines = [Self.columns] + rows.map(\.fields)
    let text = lines.map { $0.joined(separator: ",") + "\n" }.joined()
    try AtomicFile.write(text.utf8, to: path)
  }

  /// Of the rows up to `epoch`, without the last two columns: the time that an epoch took is no result of it, and differs
  /// between runs that are the same otherwise.
  func checksum(through epoch: Int) -> UInt32 {
    var checksum = CRC32()
    for row in rows where row.epoch <= epoch {
      Array(row.fields.dropLast(2).joined(separator: ",").utf8).withUnsafeBytes { checksum.update($0) }
    }
    return checksum.value
  }

  /// Reads the log of a run, at ``RunDirectory/metrics``.
  ///
  /// - Throws: `FileError` where it cannot be read, `StorageError` where it is no log of metrics.
  public init(contentsOf path: String) throws {
    self.path = path
    rows = try MappedFile.withBytes(of: path) { bytes in
      try FileSignature.check(
        bytes, isOneOf: [.csv, .text, .unknown], path: path,
        fix: "put back the metrics.csv that the run wrote")
      var scanner = CSVScanner(bytes)
      do {
        return try Self.rows(&scanner, path: path)
      } catch let fault as CSVFault {
        throw StorageError.brokenTable(
          path: path, line: fault.line, problem: fault.problem, fix: "take the quotes away")
      }
    }
  }

  private static func rows(_ scanner: inout CSVScanner, path: String) throws -> [EpochMetrics] {
    guard try scanner.readRow(), scanner.fields.map(scanner.text) == columns else {
      throw StorageError.brokenTable(
        path: path, line: scanner.line, problem: "the columns are not those of a run's metrics",
        fix: "name them \(columns.joined(separator: ","))")
    }
    var rows: [EpochMetrics] = []
    while try scanner.readRow() {
      let row = try row(scanner, path: path)
      // The first may be a later one, of a run that went on after its metrics were removed.
      let due = rows.last.map { $0.epoch + 1 }
      guard row.epoch == due ?? min(max(row.epoch, 1), 1 << 31) else {
        throw StorageError.brokenTable(
          path: path, line: scanner.line,
          problem: "has epoch \(row.epoch)" + (due.map { " where \($0) is due" } ?? ""),
          fix: "epochs count 1, 2, 3, each in one row")
      }
      rows.append(row)
    }
    return rows
  }

  private static func row(_ scanner: CSVScanner, path: String) throws -> EpochMetrics {
    let fields = scanner.fields
    guard fields.count == columns.count else {
      throw StorageError.raggedRow(
        path: path, line: scanner.line, expected: columns.count, found: fields.count)
    }
    func fault(_ i: Int) -> StorageError {
      .notANumber(path: path, line: scanner.line, column: i + 1, text: scanner.text(fields[i]))
    }
    guard let epoch = Int(scanner.text(fields[0])) else { throw fault(0) }
    // A run that has diverged writes nan, which is read as such.
    func number(_ i: Int) throws -> Double {
      guard let value = scanner.double(fields[i]) else { throw fault(i) }
      return value
    }
    func positive(_ i: Int) throws -> Double {
      let value = try number(i)
      guard value >= 0, value.isFinite else {
        throw StorageError.brokenTable(
          path: path, line: scanner.line, problem: "has a \(columns[i]) of \(value)",
          fix: "it must be a finite number of at least 0")
      }
      return value
    }
    func optional(_ i: Int) throws -> Double? { fields[i].start == fields[i].end ? nil : try number(i) }
    return EpochMetrics(
      epoch: epoch, trainLoss: try number(1), trainReconstruction: try number(2), trainKL: try number(3),
      validationLoss: try optional(4), validationReconstruction: try optional(5),
      validationKL: try optional(6), learningRate: try positive(7),
      seconds: try positive(8), imagesPerSecond: try positive(9))
  }
}
