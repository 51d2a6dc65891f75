package dev.telepath.manager.memory;

import dev.telepath.manager.settings.Timer;
import dev.telepath.tunnel.memory.FreeHeap;
import dev.telepath.tunnel.memory.IdleCollections;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Has garbage collected while there is little to do, on the timer thread. */
@Singleton
final class IdleManager {
    void start(@Observes StartupEvent event, Timer timer, MeterRegistry meters) {
        IdleCollections.ofExecutable(meters, FreeHeap.BUSY).ifPresent(each -> {
            var _ = timer.every(IdleCollections.LOOKS, each::look);
        });
    }
}
