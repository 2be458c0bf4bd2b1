import Foundation
import ImageGrid
import Selva
import Testing

@testable import SelvaCommands

@Suite struct PlotCommandTests {
  @Test func drawsTheCurvesThatTheLibraryMakes() throws {
    let place = try CommandFolder()
    try place.makeRun("runs/001")
    try place.makeRun("runs/002", epochs: 5)
    try place.run(["plot", "runs/001", "-o", "one.png"])
    try place.run(["plot", "runs/001/metrics.csv", "-o", "file.png"])
    try place.run(["plot", "-o", "newest.png"])
    try place.run(["plot", "runs", "-o", "newest-of.png"])
    try place.run(["plot", "runs/002"])
    try place.run(["plot", "runs/001", "runs/002", "-o", "both.png"])
    let one = try place.picture("one.png")
    #expect(one.raster.width == 2240 && one.text("Selva command") == "selva plot runs/001 -o one.png")
    #expect(try place.picture("file.png").raster == one.raster)
    let newest = try place.picture("newest.png").raster
    #expect(try newest != one.raster && place.picture("newest-of.png").raster == newest)
    #expect(try place.picture("curves.png").raster == newest)
    let both = try place.picture("both.png").raster
    #expect(both != newest && both != one.raster)
  }

  @Test func theNameChoosesTheFormat() throws {
    let place = try CommandFolder()
    try place.makeRun("run")
    for (name, start) in [("a.svg", "<?xml"), ("a.PDF", "%PDF-1."), ("a.png", "\u{89}PNG")] {
      let result = try Program.run(["plot", "run", "-o", name], in: place.folder)
      #expect(try place.bytes(name).starts(with: start.unicodeScalars.map { UInt8($0.value) }), "\(name)")
      let size = name == "a.png" ? "2240 x 940" : "1120 x 470"
      #expect(result.errors == "wrote \(name), \(size), from run\n")
    }
    let first = try place.bytes("a.svg")
    try place.run(["plot", "run", "-o", "a.svg"])
    let isSame = try place.bytes("a.svg") == first
    #expect(isSame)
    #expect(try PNG.decode(place.run(["plot", "run", "-o", "-"])).raster == place.picture("a.png").raster)
  }

  @Test func showsSamplesEpochByEpoch() throws {
    let place = try CommandFolder()
    try place.makeRun("run")
    let result = try Program.run(["plot", "run", "--samples", "--fps", "4"], in: place.folder)
    #expect(result.errors == "wrote samples.apng, 6 x 4, 2 frames, from run\n")
    #expect(try place.picture("samples.apng").raster == Raster(width: 6, height: 4, fill: Color(grey: 60)))
    try PNG.write(Raster(width: 7, height: 4), to: place.path("run/samples/epoch-010.png"))
    #expect(
      try place.fail(65, ["plot", "run", "--samples", "-o", "b.apng"]).contains(
        "run/samples/epoch-010.png: is 7 x 4, and"))
  }

  @Test func runsAreToldApartByTheirNames() {
    #expect(PlotCommand.names(["runs/001", "runs/002"]) == ["001", "002"])
    #expect(PlotCommand.names(["a/001", "b/001"]) == ["a/001", "b/001"])
    #expect(PlotCommand.names(["/x/y"]) == ["y"])
    #expect(PlotCommand.names(["a", "a"]) == ["a", "a"])
  }

  @Test func saysWhatIsWrong() throws {
    let place = try CommandFolder()
    try place.makeRun("run")
    try FileManager.default.createDirectory(atPath: place.path("empty"), withIntermediateDirectories: true)
    #expect(try place.fail(66, ["plot"]).contains("selva train"))
    #expect(try place.fail(66, ["plot", "empty"]).contains("empty: has no metrics.csv"))
    #expect(try place.fail(66, ["plot", "absent"]).contains("absent"))
    #expect(try place.fail(65, ["plot", "model.safetensors"]).contains("model.safetensors"))
    for (line, text) in [
      (["-o", "a.jpg"], "--output must name a .png, .svg, .pdf file"), (["--fps", "3"], "--fps goes with"),
      (["--samples", "run"], "shows one run"), (["--samples", "-o", "a.svg"], "made of pixels"),
      (["--samples", "-o", "a.gif"], "GIF is not written"),
    ] {
      #expect(try place.fail(64, ["plot", "run"] + line).contains(text), "\(line)")
    }
    try FileManager.default.removeItem(atPath: place.path("run/samples"))
    #expect(try place.fail(66, ["plot", "run", "--samples"]).contains("--sample-every 1"))
  }

  @Test func hasHelp() throws {
    try CommandFolder().checkHelp("plot", options: ["--output", "--samples", "--fps"], defaults: ["6"])
  }
}
