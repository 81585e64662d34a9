"""What brings refusals about, beside the corpus: more commands, and the files that they name."""

from __future__ import annotations

COMMANDS = """
batch - -o out < names.nul
batch - -o out --jobs 1 < empty.txt
batch grey.png -o out
batch nothing -o out
batch nested -o out --jobs 1
batch 'missing/*.png' -o out
batch 'missing/*.png' -o out --recursive
batch album
batch films -o out --jobs 1 --max-pixels 9
evaluate album/sub/deeper album/sub/deeper -o curve.png
evaluate grey.png album
evaluate nowhere album
evaluate album nested
evaluate album/sub/deeper album/sub/deeper --tolerance 2mm --report none
evaluate album/sub/deeper album/sub/deeper --tolerance 1 --report none
evaluate album/sub/deeper album/sub/deeper --measure pratt -o curve.svg
evaluate twins twins
learn before grey.png --size 3x3 -o l.json
learn nothing after --size 3x3 -o l.json
learn grey.png tiny.png --size 3x3 -o l.json
learn grey.png holes.npy --size 3 -o l.json
learn photo.png grey.png --size 3 --filters 3 -o l.txt
detect photo.png -f log:2 --combine direction
detect photo.png --threshold 5,9
detect photo.png -f sobel,canny
detect photo.png -o %04d.png
detect https://example.org/a.jpg
photo.png -f canny
detect photo.png -f gaussian --thin
detect photo.png -f sobel -f contours
detect photo.png -f sobel -f log:2 --colormap ember -o maps.npy
detect photo.png --channels each --colormap ice
detect photo.png --line black
detect photo.png -f canny --line red --format dxf
detect photo.png -f canny --invert --format geojson
detect photo.png -f canny --colormap ember --format svg
detect photo.png -f canny --stroke 2 --format points
detect photo.png --style fire
detect photo.png --resize 200%
detect photo.png --line red --colormap ice
detect photo.png --paper red --colormap ice
detect photo.png --paper red --invert
detect photo.png --paper none --invert --colormap ice
detect photo.png --overlay red --line blue
detect photo.png --combine direction --line red
detect photo.png --combine direction --stroke 3
detect photo.png --map signed --stroke 3
detect photo.png -f sobel-x --threshold 5 --map signed
detect photo.png --overlay red --stride 2 -f canny
detect photo.png --grid --map raw
detect photo.png --grid --world-file
detect photo.png -o a.npy --world-file
detect photo.png -o - --format png --world-file
detect photo.png --grid -o a.svg
detect photo.png --curves
detect photo.png --curves -o a.dxf
detect photo.png --size 20mm -o a.geojson
detect photo.png --overlay red -o a.csv --format points
detect photo.png --size 20 -o a.svg
detect photo.png --size 20furlongs -o a.svg
detect photo.png --size 0mm -o a.svg
detect photo.png --simplify inf -o a.svg
detect photo.png --map signed -o a.svg
detect photo.png --channels each -o a.svg
detect photo.png --depth 16 -o a.svg
detect photo.png --combine direction -o a.svg
detect photo.png --code scipy -o a.svg
detect moving.gif --all-frames -o - --format svg
detect moving.gif --page 99
detect photo.png --page 2
detect moving.gif --all-frames --page 2
detect moving-deep.png --page 2
detect photo.png --threshold 5 --threshold 9
detect photo.png --hysteresis 5,9 --hysteresis 6,9
detect photo.png --hysteresis 5,9 --threshold 6
detect photo.png -f contours --stride 2
detect photo.png -f depth3.txt --channels gray
detect photo.png -f huge.json --map raw -o a.npy
detect photo.png grey.png -o - --format svg
detect frames.pgm -o - --format tiff
detect album
detect 'album/*.png'
detect scan.zarr -o scan.zarr/edges.png
detect photo.png -o - --format zarr
batch album -o scan.zarr
trace album --at 1,1
detct photo.png
detect photo.png photo.png
detect photo.png grey.png -o {{filter}}.png
detect photo.png -o {{name}}.png
detect photo.png -o a{{b.png
batch album -o {{filter}}.png
detect photo.png --strid 2
detect photo.png --map abz
detect photo.png --padding-mode reflct
detect photo.png --threshold otus
detect photo.png --overlay rde
detect photo.png --map raw -o a.ppm
detect photo.png --map raw --depth 16 -o a.npy
network summary album
network summary grey.png
network run lenet5 photo.png -o maps/
trace photo.png -f learned-small --at 5,5
trace photo.png -f contours --at 5,5
trace grid-6x6.csv
trace grid-6x6.csv --at 1,1 --all
trace grid-6x6.csv --at 1,1 --blank
trace grid-6x6.csv --at 1,1 -o a.svg --answers a.svg
trace grid-6x6.csv --at 1,1 -o a.png
trace photo.png --all -o a.svg
trace photo.png --all --channels rgb -o a.svg
trace large.png --all
trace grid-6x6.csv --all --padding 10 -o a.svg
trace photo.png --at 9,9 -f gaussian:5 -o a.svg
trace photo.png --at 9,9 --channels each -o a.svg
trace photo.png --at 9,9 -f kirsch -f sobel -o a.svg
batch album -o jammed --jobs 1
batch same -o same --jobs 1
batch ours -o out --jobs 1
batch album -o foreign --gallery --jobs 1
detect tiny.png --padding 0,0,900000000,900000000 --max-pixels 99999999999
detect grey.png -o photo.png/maps/
detect long.pgm -o a.webp
detect {long}.png
filters show {long}.txt
network summary {long}.toml
filters show box:50000
filters show heavy.txt
filters show "1/0 1"
filters show "1e999 1"
filters show "nan 1"
filters show hollow.json
filters show deep.json
filters show none.npy
filters show vast-kernel.npy
filters show stump.npy
filters show "1 2;;3"
filters export biased.txt -o a.mat
trace grey.png --at 1,1 --max-pixels 9
trace photo.png --channels each -o lesson.html
trace photo.png -f gaussian:9 -o lesson.html
trace photo.png -f kirsch -f vertical -o lesson.html
trace photo.png --padding 99 -o lesson.html
trace photo.png -o lesson.html --answers answers.svg
trace holes.npy -f vertical -o lesson.html
tune photo.png -o tune.png
tune - -o tune.html < photo.png
tune photo.png -f 1 -f 2 -f 3 -f 4 -f 5 -f 6 -f 7 -f 8 -f 9 -o tune.html
filters export sobel -o two.npz && tune photo.png -f two.npz -o tune.html
detect photo.png --mask grey.png --max-pixels 9
detect grey.png --white 0
filters show mixed.csv
detect twelve.jpg
detect twenty.jp2
detect windows.pgm
detect imageless.npz
detect torn.npz
detect moving-deep.png --all-frames
detect frameless.png --all-frames
detect short.asc
detect wordless.asc
detect deep-cmyk.tif
detect strange-chunk.png
detect beyond.npy
detect beyond.csv
detect split.csv
detect ragged.csv
detect loose.csv
detect thousands.csv
detect title.txt
detect raster.xyz
detect scattered.xyz
detect places.csv
detect nothing.csv
detect prose.txt
detect vicar.img
detect drawing.svg
detect dots.txt
detect wrapped.txt
detect cut.asc
detect misnamed.asc
detect sheet.xlsx
detect no-image.npz
detect stump.npz
filters show split.csv
filters show thousands.csv
filters show loose.csv
filters show "0,5 0; 1 2"
detect photo.png -f "3x2: 1,0,-1 2,0,-2"
filters show "1,;2"
detect photo.png -f sobel -f sobel-x --combine none
detect photo.png grey.png --code scipy
detect photo.png --grid --code scipy
detect photo.png --all-frames --code scipy
detect photo.png -f learned --code pillow
detect photo.png -f depth3.txt --code torch
detect photo.png --combine direction --code pillow
detect photo.png -f vertical -f horizontal --code scikit-image
detect photo.png --line red --stroke 3 --code opencv
detect photo.png --alpha-out --code opencv
detect photo.png --style pencil --code scipy
detect photo.png -f sobel --hysteresis 50,100 --code opencv
detect photo.png -f gabor --code scikit-image
detect photo.png -o x.y4m --code scipy
detect photo.png -f canny --hysteresis 50,100 --padding valid --code opencv
detect photo.png -f learned --code scipy
detect photo.png -f vertical -f horizontal --code scipy
detect photo.png --channels max --code scipy
detect photo.png --combine direction --code scipy
detect photo.png --thin --code scipy
detect photo.png --border 2 --code scipy
detect photo.png --min-length 9
detect photo.png --close-gaps 3 --threshold 20%
detect photo.png -f canny --close-gaps inf
detect photo.png --invert --code scipy
detect photo.png --nan ignore --code scipy
detect photo.png --nodata 0 --code scipy
detect photo.png --nodata nothing
detect spaces.txt --nodata 300 --nan error
detect photo.png --resize 50% --code scipy
detect photo.png -f canny --code scipy
detect photo.png --threshold otsu --code scipy
detect photo.png -f gabor --code scipy
detect photo.png -f kirsch --code scikit-image
detect photo.png --padding valid --code scikit-image
detect photo.png --code pillow
detect photo.png -f gaussian:2 --code pillow
detect photo.png -f vertical --map signed --code pillow
filters show [[1,,2]]
filters show [[1,2]
filters show [[1,2]]]
filters show "[[1 2, 3]]"
filters show [[],[1]]
filters show [[1],2]
filters show [[[[[1]]]]]
filters show "[[1]] 2"
filters show "[[1]] / 0"
filters show "[[0,5, 1,0]]"
filters show [[x]]
detect bare.tif
detect unheard.tif
detect headless.pgm
detect seven.pam
detect endless.y4m
detect laced.y4m
detect sideless.y4m
detect chromaless.y4m
detect pageless.tif
detect astray.tif
detect wide-tile.tif
detect miscounted.tif
detect gapped.bmp
detect empty.bmp
detect half.bmp
detect hollow.gif
detect half.gif
detect headless.pfm
detect half.pfm
detect strange.psd
detect deep-cmyk.psd
detect zipped.psd
detect unmerged.psd
detect half.psd
detect icon.icns
detect page.pdf
detect page.svg
detect spool.gz
detect drawing.xcf
detect clip.mp4
batch others -o out
network run edges-rgb photo.png -o photo.png/maps/
network run many-channels.toml photo.png -o maps/
network run edges-rgb flat.pgm -o maps.npz
network run edges-rgb photo.png
network run lenet5 flat.pgm --fit
network summary not-classes.toml
network summary no-classes.toml
network summary one-class.toml
network summary nameless.toml
detect photo.png -f flat.toml
network summary blown.toml
network summary bulky.toml
network summary not-inputs.toml
network summary not-padding.toml
network summary not-text.toml
network summary shapeless.toml
network summary one-name.toml
network summary not-line.toml
network summary nested.toml
network summary not-tables.toml
network summary two-inputs.toml
network summary vector.toml
network summary not-positive.toml
network summary named.toml
network summary large.toml
network summary uncropped.toml
network summary unlike.toml
network summary many.toml
network summary words.toml
network summary sizes.toml
network summary heavier.toml
network summary reshaped.toml
network summary infinite.toml
network summary whole-numbers.toml
network summary cut-weights.toml
network summary extra.toml
network summary flipped.toml
network summary lenet5 --receptive-field 1
network summary lenet5 --receptive-field 5,5
network summary lenet5 --on photo.png
network summary lenet5 --receptive-field 1,1 --compare fully-connected
network summary lenet5 --receptive-field 1,1 -o field.png
network summary lenet5 --receptive-field 1,1 --on photo.png
network summary learned --receptive-field 1,1 --on photo.png --input 9x9x3 -o field.png
detect grey.png photo.png --grid --scheduler tcp://nowhere:1
detect - --scheduler tcp://nowhere:1
detect grey.png -f canny --overlay red -o map.svg --scheduler tcp://nowhere:1
network summary learned --receptive-field 1,1 --on photo.png -o field.svg
network summary edges-rgb --receptive-field 0,0 --on tiny.png -o field.png
""".format(long="x" * 300)
"""A line each, in the language of the corpus."""

_SYSTEM = "the system must refuse something, which a test that runs as root cannot bring about"
_MOMENT = "something must happen at the right moment; the module's own tests patch it"
_PACKAGE = "it depends on whether a package of the extra formats is installed"
_NO_ENCODER = "no encoder here writes such files"
_LARGE = "it takes more memory or time than a test has"

UNMET = {
    "batch/cluster.py: ": "it depends on whether Dask is installed",
    "batch/inputs.py: the inputs share no folder": "only Windows has several drives",
    "batch/inputs.py: …; check its permissions": _SYSTEM,
    "batch/journal.py: another batch is writing": "it takes a second process",
    "batch/journal.py: the journal … was moved or removed": _MOMENT,
    "batch/work.py: image … changed while it was read": _MOMENT,
    "cli/__init__.py: … is binary and standard output is a terminal": "it takes a terminal",
    "cli/learn.py: folder … cannot be read": _SYSTEM,
    "filters/files.py: filter … does not fit into memory": _LARGE,
    "filters/read_numpy.py: … takes … bytes; the limit is": _LARGE,
    "images/files.py: image … may not be read": _SYSTEM,
    "batch/processes.py: no process can be started": _SYSTEM,
    "images/canvas.py: ": "it depends on how Pillow was built",
    "images/foreign.py: image … is a …, which takes another package": _PACKAGE,
    "images/jpeg_xl.py: ": _PACKAGE,
    "images/files.py: … is there, and no Zarr store": _PACKAGE,
    "images/formats.py: … takes another package": _PACKAGE,
    "images/zarr/": _PACKAGE,
    "images/npy.py: needs … bytes of memory": _LARGE,
    "images/pillow/reading.py: image … has … bits per sample in": _NO_ENCODER,
    "images/pillow/writing.py: … cannot be encoded": _MOMENT,
    "images/pillow/guard.py: image … needs more memory": _LARGE,
    "images/png/reading.py: image … has …: its shape is": _LARGE,
    "images/streams.py: cannot be read": _SYSTEM,
    "images/streams.py: is damaged; get the file whole": _MOMENT,
    "images/tiff/tiles.py: became shorter while it was read": _MOMENT,
    "networks/layout.py: network … over … needs … bytes": _LARGE,
    "networks/weights.py: … cannot be read": _SYSTEM,
    "rows/workers.py: …: a limit on processes or memory is reached": _SYSTEM,
}
"""The places that no case brings about, by a part of what they say, and why none does."""
