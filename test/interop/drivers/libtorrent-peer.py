"""One libtorrent session with one torrent, described by a JSON object in argv[1].

Prints JSON lines with the time in seconds: listening, connected, uploading (the first payload), disconnected, complete, error, stopped. Each line on stdin is a JSON object {"host", "port"}: a peer to
connect to. Ends on SIGTERM or when stdin ends.
"""

import json
import signal
import sys
import threading
import time

import libtorrent as lt

options = json.loads(sys.argv[1])


def say(event, **details):
    print(json.dumps({"event": event, "time": time.monotonic(), **details}), flush=True)


stopping = False


def stop(_signal, _frame):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)

host = options["listen"].rsplit(":", 1)[0]
session = lt.session(
    {
        "listen_interfaces": options["listen"],
        "outgoing_interfaces": host,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,
        "ssrf_mitigation": False,
        "alert_mask": lt.alert.category_t.error_notification
        | lt.alert.category_t.status_notification
        | lt.alert.category_t.storage_notification
        | lt.alert.category_t.connect_notification,
    }
)
by_magnet = options["torrent"].startswith("magnet:")
if by_magnet:
    params = lt.parse_magnet_uri(options["torrent"])
else:
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(options["torrent"])
params.save_path = options["dir"]
# A limit of the torrent: those of the session spare peers on local networks.
params.upload_limit = options.get("uploadBps", 0)
params.flags &= ~lt.torrent_flags.auto_managed
params.flags &= ~lt.torrent_flags.paused
if not options.get("trackers", True):
    params.flags |= lt.torrent_flags.override_trackers
handle = session.add_torrent(params)
if not options.get("trackers", True):
    handle.replace_trackers([])


def dial_all():
    for peer in options.get("dial", []):
        handle.connect_peer((peer["host"], peer["port"]))


# A peer must give the metadata before there are files to check.
if by_magnet:
    dial_all()


def follow_stdin():
    global stopping
    for line in sys.stdin:
        peer = json.loads(line)
        handle.connect_peer((peer["host"], peer["port"]))
    stopping = True


threading.Thread(target=follow_stdin, daemon=True).start()

flushing = False
uploading = False
while not stopping:
    session.wait_for_alert(100 if uploading else 5)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.listen_succeeded_alert):
            if alert.socket_type == lt.socket_type_t.tcp:
                say("listening")
        elif isinstance(alert, lt.listen_failed_alert):
            say("error", message=alert.message())
            sys.exit(1)
        elif isinstance(alert, lt.torrent_checked_alert):
            # Not earlier: until its files are checked libtorrent has nothing to say to a peer.
            if not by_magnet:
                dial_all()
        elif isinstance(alert, lt.peer_connect_alert):
            say("connected", peer="%s:%d" % alert.endpoint)
        elif isinstance(alert, lt.peer_disconnected_alert):
            say("disconnected", peer="%s:%d" % alert.endpoint, message=alert.message())
        elif isinstance(alert, lt.torrent_error_alert):
            say("error", message=alert.message())
            sys.exit(1)
        elif isinstance(alert, lt.cache_flushed_alert):
            say("complete")
    if not uploading and handle.status().total_payload_upload > 0:
        uploading = True
        say("uploading")
    # Complete is said once the blocks have left libtorrent's write queue: its files are read right after that line.
    if not flushing and handle.status().is_seeding:
        flushing = True
        handle.flush_cache()
say("stopped", uploaded=handle.status().total_payload_upload)
session.pause()
