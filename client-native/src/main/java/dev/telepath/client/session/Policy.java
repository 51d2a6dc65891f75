package dev.telepath.client.session;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.tunnel.liveness.Rhythm;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.reconnect.ReconnectPolicy;
import dev.telepath.tunnel.transport.ManagerChannel;
import java.time.Duration;
import java.util.Optional;

/**
 * How a session is kept.
 *
 * @param heartbeat how often it is confirmed, and when it counts as silent
 * @param call how long one call may take
 * @param backoff waits between tries
 * @param stable time attached after which waits start small again
 * @param look how often it is seen whether the network or the token file changed
 */
public record Policy(
        Rhythm heartbeat,
        Duration call,
        Backoff backoff,
        Duration stable,
        Duration look,
        ManagerChannel.Limits limits) {
    /** Somebody waits for the first attempt, and is told what only a person can mend. */
    ReconnectPolicy reconnect() {
        return new ReconnectPolicy(backoff, stable, Optional.empty(), true);
    }

    public static Policy of(Settings settings) {
        return new Policy(
                new Rhythm(settings.duration(Setting.HEARTBEAT), settings.duration(Setting.HEARTBEAT_LIMIT)),
                settings.duration(Setting.TIMEOUT_CALL),
                new Backoff(settings.duration(Setting.RECONNECT_FIRST), settings.duration(Setting.RECONNECT_MOST)),
                settings.duration(Setting.RECONNECT_STABLE),
                settings.duration(Setting.NETWORK_POLL),
                new ManagerChannel.Limits(
                        (int) settings.bytes(Setting.GRPC_WINDOW),
                        (int) settings.bytes(Setting.GRPC_MAX_MESSAGE),
                        settings.duration(Setting.GRPC_KEEP_ALIVE)));
    }
}
