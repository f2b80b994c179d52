"""Reads or makes a torrent with libtorrent; the request is a JSON object in argv[1], the answer of a read one on stdout."""

import json
import os
import sys

import libtorrent as lt

request = json.loads(sys.argv[1])

if "read" in request:
    info = lt.torrent_info(request["read"])
    files = info.files()
    print(
        json.dumps(
            {
                "infoHash": str(info.info_hashes().v1),
                "name": info.name(),
                "pieceLengthBytes": info.piece_length(),
                "pieceCount": info.num_pieces(),
                "totalBytes": info.total_size(),
                "files": [
                    {"path": files.file_path(index), "lengthBytes": files.file_size(index)}
                    for index in range(files.num_files())
                    if not files.file_flags(index) & lt.file_flags_t.flag_pad_file
                ],
                "trackers": [tracker.url for tracker in info.trackers()],
                "private": info.priv(),
            }
        )
    )
else:
    storage = lt.file_storage()
    lt.add_files(storage, request["path"])
    flags = 0 if request["hybrid"] else lt.create_torrent.v1_only
    torrent = lt.create_torrent(storage, request["pieceLengthBytes"], flags)
    for tier, url in enumerate(request["trackers"]):
        torrent.add_tracker(url, tier)
    lt.set_piece_hashes(torrent, os.path.dirname(request["path"]))
    with open(request["output"], "wb") as output:
        output.write(lt.bencode(torrent.generate()))
