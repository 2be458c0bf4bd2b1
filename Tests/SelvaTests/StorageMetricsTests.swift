import Files
import Selva
import Testing

@Suite struct StorageMetricsTests {
  private func row(_ epoch: Int, validation: Double? = nil) -> EpochMetrics {
    EpochMetrics(
      epoch: epoch, trainLoss: 105.25, trainReconstruction: 80, trainKL: 0.1 + 0.2,
      validationLoss: validation,
      validationReconstruction: validation, validationKL: validation, learningRate: 1e-3, seconds: 2.5,
      imagesPerSecond: 24_000)
  }

  @Test func writesTheColumnsOfTheFormat() throws {
    try withScratchFolder { folder in
      var log = MetricsLog(path: "\(folder)/metrics.csv")
      try log.append(row(1))
      try log.append(row(2, validation: 99))
      #expect(
        try String(decoding: readFile("\(folder)/metrics.csv"), as: UTF8.self) == """
          epoch,train_loss,train_reconstruction,train_kl,validation_loss,validation_reconstruction,\
          validation_kl,learning_rate,seconds,images_per_second
          1,105.25,80.0,0.30000000000000004,,,,0.001,2.5,24000.0
          2,105.25,80.0,0.30000000000000004,99.0,99.0,99.0,0.001,2.5,24000.0

          """)
      #expect(try MetricsLog(contentsOf: "\(folder)/metrics.csv").rows == log.rows)
    }
  }

  @Test func dropsWhatCameAfterTheCheckpoint() throws {
    try withScratchFolder { folder in
      var log = MetricsLog(path: "\(folder)/metrics.csv")
      for epoch in 1...4 { try log.append(row(epoch)) }
      var resumed = try MetricsLog(contentsOf: log.path)
      try resumed.keep(through: 2)
      try resumed.append(row(3, validation: 1))
      let back = try MetricsLog(contentsOf: log.path)
      #expect(back.rows == [row(1), row(2), row(3, validation: 1)])
    }
  }

  @Test func keepsWhatADivergedRunWrote() throws {
    try withScratchFolder { folder in
      var log = MetricsLog(path: "\(folder)/metrics.csv")
      try log.append(row(1, validation: .nan))
      #expect(try MetricsLog(contentsOf: log.path).rows[0].validationLoss?.isNaN == true)
    }
  }

  private func refusal(_ text: String) throws -> String {
    try withScratchFolder { folder in
      try writeFile(text.utf8, "\(folder)/metrics.csv")
      return try message { _ = try MetricsLog(contentsOf: "\(folder)/metrics.csv") }
    }
  }

  @Test func refusesOtherTables() throws {
    let head = MetricsLog.columns.joined(separator: ",") + "\n"
    #expect(try refusal("\n").contains("line 1: the columns are not those of a run's metrics"))
    #expect(try refusal("epoch,loss\n1,2\n").contains("line 1: the columns"))
    #expect(try refusal(head + "1,2,3\n").contains("line 2: has 3 values, the table has 10"))
    #expect(try refusal(head + "1.5,1,1,1,,,,1,1,1\n").contains("line 2, column 1: '1.5'"))
    #expect(try refusal(head + "1,1,1,1,,x,,1,1,1\n").contains("line 2, column 6: 'x'"))
    #expect(try refusal(head + "1,,1,1,,,,1,1,1\n").contains("line 2, column 2: ''"))
    #expect(throws: FileError.self) { _ = try MetricsLog(contentsOf: "/nowhere/metrics.csv") }
  }

  @Test(arguments: ["-5", "0", "9223372036854775807"]) func noEpochIsBeforeTheFirst(_ epoch: String) throws {
    let head = MetricsLog.columns.joined(separator: ",") + "\n"
    let text = try refusal(head + "\(epoch),1,1,1,,,,1,1,1\n")
    #expect(text.contains("line 2: has epoch \(epoch); epochs count 1, 2, 3"), "\(text)")
  }

  @Test(arguments: ["-5", "3", "5", "9223372036854775807"])
  func epochsCountOneByOne(_ epoch: String) throws {
    let head = MetricsLog.columns.joined(separator: ",") + "\n"
    let text = try refusal(head + "3,1,1,1,,,,1,1,1\n\(epoch),1,1,1,,,,1,1,1\n")
    #expect(text.contains("line 3: has epoch \(epoch) where 4 is due"), "\(text)")
  }

  /// As after a run went on without the metrics of its first epochs.
  @Test func aLogMayBeginLater() throws {
    try withScratchFolder { folder in
      var log = MetricsLog(path: "\(folder)/metrics.csv")
      for epoch in 6...8 { try log.append(row(epoch)) }
      var back = try MetricsLog(contentsOf: log.path)
      #expect(back.rows == log.rows)
      try back.keep(through: 7)
      #expect(back.rows.map(\.epoch) == [6, 7])
    }
  }

  @Test func timesAndRatesAreFiniteAndNotNegative() throws {
    let head = MetricsLog.columns.joined(separator: ",") + "\n"
    for (row, says) in [
      ("1,1,1,1,,,,-1,1,1", "learning_rate of -1.0"), ("1,1,1,1,,,,1,nan,1", "seconds of nan"),
      ("1,1,1,1,,,,1,1,1e999", "images_per_second of inf"),
    ] {
      #expect(try refusal(head + row + "\n").contains("line 2: has a \(says); it must be"), "\(row)")
    }
  }

  @Test func aLogThatEndsBeforeTheCheckpointIsNotGoneOnWith() throws {
    try withScratchFolder { folder in
      var log = MetricsLog(path: "\(folder)/metrics.csv")
      for epoch in 1...3 { try log.append(row(epoch)) }
      let whole = try readFile(log.path)
      let text = try message { try log.keep(through: 5) }
      #expect(
        text.contains("line 4: ends after epoch 3") && text.contains("was written after epoch 5"), "\(text)")
      #expect(try readFile(log.path) == whole)
    }
  }
}
