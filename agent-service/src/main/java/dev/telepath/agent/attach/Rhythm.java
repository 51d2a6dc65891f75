package dev.telepath.agent.attach;

import dev.telepath.agent.settings.AgentSettings;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.reconnect.ReconnectPolicy;
import java.time.Duration;
import java.util.Optional;

/**
 * All times of the attachment.
 *
 * @param call deadline of a control call
 * @param remain period of the sign of life
 * @param heartbeat of the connection, for managers that know it
 * @param report period of traffic reports
 * @param grace how long engagements stay while the manager is away
 * @param backoff between attempts
 * @param denied between attempts where only a person can help, such as a denied token
 * @param stable how long a connection must hold for the back-off to start anew
 * @param poll how often it is seen whether the network or the token file changed
 */
public record Rhythm(
        Duration call,
        Duration remain,
        dev.telepath.tunnel.liveness.Rhythm heartbeat,
        Duration report,
        Duration grace,
        Backoff backoff,
        Duration denied,
        Duration stable,
        Duration poll) {

    /** An agent never gives up, and nobody waits for its first attempt. */
    ReconnectPolicy policy() {
        return new ReconnectPolicy(backoff, stable, Optional.of(denied), false);
    }

    public static Rhythm of(AgentSettings settings) {
        return new Rhythm(
                settings.callTimeout(),
                settings.remainInterval(),
                new dev.telepath.tunnel.liveness.Rhythm(settings.heartbeatInterval(), settings.heartbeatLimit()),
                settings.reportInterval(),
                settings.engagementGrace(),
                new Backoff(settings.reconnectFirst(), settings.reconnectMost()),
                settings.reconnectDenied(),
                settings.reconnectStable(),
                settings.networkPoll());
    }
}
