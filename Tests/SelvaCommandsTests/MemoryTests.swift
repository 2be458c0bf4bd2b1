import Foundation
import IDX
import Testing

@testable import Selva

/// What does not fit into memory is refused before anything is made, with what is needed and what there is.
@Suite struct MemoryTests {
  private func place(images: Int = 12, side: Int = 512) throws -> CommandFolder {
    let place = try CommandFolder()
    try Fixture.images(in: place.folder, count: images, height: side, width: side, name: "large.idx")
    return place
  }

  @Test(arguments: [
    "train --data large.idx --hidden 1048576,1048576 -o run",
    "train --data large.idx --batch-size 1000000 --importance-samples 1000000 -o run",
    "bench --hidden 1048576,1048576", "bench --batch-size 1000000 --hidden 1048576 --latent 65536",
    "bench --data large.idx --hidden 1048576,1048576",
  ])
  func whatNoMachineHoldsIsRefused(_ line: String) throws {
    let error = try place(side: 64).fail(65, line.split(separator: " ").map(String.init))
    #expect(
      error.contains(/needs \d+\.\d [MGTPE]B of memory, and \d+\.\d [MGT]B are .*; take a smaller --/),
      "\(error)")
  }

  @Test func aDenseModelOfLargeImagesIsRefusedUnderALimit() throws {
    let place = try place()
    let before = try place.contents()
    let result = try Program.startShell(
      "ulimit -v 3000000 && exec \"$SELVA\" train --data large.idx --network dense -o run", in: place.folder
    ).wait()
    #expect(result.status == 65)
    #expect(
      result.errors.contains(
        /^selva: training needs \d+\.\d GB of memory, and [23]\.\d GB are left under ulimit -v; take a smaller --hidden/
      ),
      "\(result.errors)")
    #expect(try place.contents() == before)
  }

  @Test func aRunThatIsResumedIsReckonedAgain() throws {
    let place = try CommandFolder()
    let train = ["train", "--data", "data", "-e", "1", "-q", "-o", "run"] + TrainCommandTests.small
    #expect(try Program.run(train, in: place.folder).status == 0)
    let result = try Program.startShell(
      "ulimit -v 3000000 && exec \"$SELVA\" train --resume run -e 2 --threads 1024", in: place.folder
    ).wait()
    #expect(result.status == 65)
    #expect(
      result.errors.contains(/^selva: training needs \d+\.\d GB of memory, and [23]\.\d GB are left under/),
      "\(result.errors)")
  }

  @Test(arguments: [
    ("evaluate model.safetensors --data data --importance-samples 1000000000000", "(1 to 1000000)"),
    ("train --data data --importance-samples 1000000000000", "(1 to 1000000)"),
    ("train --data data --epochs 9223372036854775807", "(1 to 1000000)"),
  ])
  func numbersBeyondTheirRangeAreNoMatterOfMemory(_ line: String, _ range: String) throws {
    #expect(try CommandFolder().fail(64, line.split(separator: " ").map(String.init)).contains(range))
  }

  /// Reckoned before, measured by the system after.
  @Test(arguments: [
    ("many parameters", ["--hidden", "1500,1500", "-z", "8", "-b", "16"], 32, 12),
    ("an average", ["--hidden", "1500,1500", "-z", "8", "-b", "16", "--average-decay", "0.9"], 32, 12),
    ("convolutions", ["--channels", "32,64", "--hidden", "64", "-z", "8", "-b", "96"], 64, 200),
    ("large batches", ["--hidden", "600", "-z", "8", "-b", "64", "--importance-samples", "100"], 32, 130),
  ])
  func theReckoningIsCloseToWhatIsTaken(
    _ name: String, _ options: [String], _ side: Int, _ images: Int
  ) throws {
    let place = try place(images: images, side: side)
    let line = [
      "train", "--data", "large.idx", "-e", "1", "--threads", "2", "--seed", "1", "-q", "-o", "run",
    ]
    let (status, peak) = try Program.peakMemory(line + options, in: place.folder)
    #expect(status == 0)
    var settings = try #require(try VAE.trainingSettings(contentsOf: place.path("run/model.safetensors")))
    settings.threads = 2
    let set = try ImageSet(imagesPath: place.path("large.idx"))
    let data = try TrainingData(
      training: set, validation: nil, fraction: settings.validationFraction, seed: settings.seed)
    let need = MemoryNeed.training(
      try VAE(contentsOf: place.path("run/model.safetensors")).settings, settings, data)
    // Pages of the images' file are not the program's.
    let taken = peak - Double(images * side * side)
    #expect(
      abs(need.bytes - taken) < 0.25 * taken, "\(name): \(need.bytes / 1e6) MB, \(taken / 1e6) MB taken")
  }
}

extension Program {
  /// Runs to the end and asks the system for the most memory that was resident, in bytes.
  fileprivate static func peakMemory(
    _ arguments: [String], in folder: String
  ) throws -> (status: Int32, bytes: Double) {
    // The shell's child is measured by the kernel, and nothing else of this process with it.
    let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
    let script = """
      "$SELVA" \(quoted) & pid=$!
      peak=0
      while [ -r /proc/$pid/status ]; do
        now=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null)
        [ "${now:-0}" -gt "$peak" ] && peak=$now
        sleep 0.02
      done
      wait $pid; status=$?
      echo $peak; exit $status
      """
    let result = try startShell(script, in: folder).wait()
    let text = String(decoding: result.output, as: UTF8.self).split(separator: "\n").last ?? "0"
    return (result.status, (Double(text) ?? 0) * 1024)
  }
}
