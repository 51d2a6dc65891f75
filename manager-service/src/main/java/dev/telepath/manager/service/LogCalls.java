package dev.telepath.manager.service;

import com.google.protobuf.Empty;
import dev.telepath.manager.logs.LogLevels;
import dev.telepath.manager.logs.LogRing;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.watch.Watches;
import dev.telepath.protocol.telepresence.manager.GetLogsRequest;
import dev.telepath.protocol.telepresence.manager.LogLevelRequest;
import dev.telepath.protocol.telepresence.manager.LogsResponse;
import io.grpc.Status;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Logs and log levels. */
@Singleton
final class LogCalls {
    /** Below the message limit of peers. */
    private static final int MAX_TEXT = 1024 * 1024;

    private static final String MANAGER = "traffic-manager";

    private final LogRing ring;
    private final LogLevels levels;
    private final Watches watches;

    @Inject
    LogCalls(LogRing ring, LogLevels levels, Watches watches) {
        this.ring = ring;
        this.levels = levels;
        this.watches = watches;
    }

    Uni<Empty> setLevel(LogLevelRequest request) {
        Principal.current().require(Role.CLIENT);
        Duration life = Duration.ofSeconds(
                request.getDuration().getSeconds(), request.getDuration().getNanos());
        if (life.isNegative()) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("duration must not be negative")
                    .asRuntimeException();
        }
        levels.set(request.getLogLevel(), life);
        return Answers.empty();
    }

    Multi<LogLevelRequest> watchLevel() {
        Principal.current();
        return watches.watch(
                List.of(levels.changes()),
                levels::current,
                (before, now) -> now.equals(before) ? Optional.empty() : now,
                () -> false,
                CallLoop.current());
    }

    /** The manager's own lines. Those of agents are fetched from their share; old peers get none, as from others. */
    Uni<LogsResponse> get(GetLogsRequest request) {
        Principal caller = Principal.current();
        caller.require(Role.CLIENT);
        var answer = LogsResponse.newBuilder();
        if (caller.legacy()) {
            answer.setErrMsg("logs are not given out on the clear-text port; fetch them where the programs run");
        } else if (request.getTrafficManager()) {
            answer.putPodLogs(MANAGER, ring.text(MAX_TEXT));
        }
        return Uni.createFrom().item(answer.build());
    }
}
