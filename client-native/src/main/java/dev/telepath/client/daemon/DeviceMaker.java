package dev.telepath.client.daemon;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.platform.Platform;
import dev.telepath.client.privileged.PrivilegedLink;
import dev.telepath.client.tun.TunDevice;

/** Has the privileged process make a device, and takes it, as the system that this is has it. One thread. */
sealed interface DeviceMaker permits LinuxDevices, MacDevices {
    /**
     * @throws Failure of kind USAGE where nobody knows how to
     */
    static DeviceMaker ofThisMachine(Networking networking) {
        return switch (Platform.current()) {
            case LINUX -> new LinuxDevices(networking.addresses(), networking.mtu());
            case MACOS -> new MacDevices(networking.addresses(), networking.mtu(), networking.handover());
            case OTHER -> throw Platform.noDevice();
        };
    }

    /**
     * Brings one that is up. Blocks.
     *
     * @return the caller's to close
     * @throws Failure when there is none
     */
    TunDevice make(PrivilegedLink link);

    /** What helps where a device cannot be used. */
    String hint();
}
