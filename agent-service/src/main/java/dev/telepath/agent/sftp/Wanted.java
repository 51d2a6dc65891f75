package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Refusal.Status;
import dev.telepath.tunnel.linux.PathHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Attributes that a client wants a file to have; those that it does not name are empty. */
record Wanted(Optional<Long> size, Optional<Owner> owner, Optional<Integer> permissions, Optional<Times> times) {
    private static final PosixFilePermission[] BITS = {
        PosixFilePermission.OTHERS_EXECUTE,
        PosixFilePermission.OTHERS_WRITE,
        PosixFilePermission.OTHERS_READ,
        PosixFilePermission.GROUP_EXECUTE,
        PosixFilePermission.GROUP_WRITE,
        PosixFilePermission.GROUP_READ,
        PosixFilePermission.OWNER_EXECUTE,
        PosixFilePermission.OWNER_WRITE,
        PosixFilePermission.OWNER_READ
    };

    /** By number. */
    record Owner(int user, int group) {}

    /** Seconds since 1970. */
    record Times(long accessed, long modified) {}

    /** Extended attributes, which come last, are not looked at. */
    static Wanted read(Packet packet) throws Refusal {
        int flags = packet.number();
        return new Wanted(
                (flags & Code.HAS_SIZE) == 0 ? Optional.empty() : Optional.of(packet.bigNumber()),
                (flags & Code.HAS_OWNER) == 0
                        ? Optional.empty()
                        : Optional.of(new Owner(packet.number(), packet.number())),
                (flags & Code.HAS_PERMISSIONS) == 0 ? Optional.empty() : Optional.of(packet.number()),
                (flags & Code.HAS_TIMES) == 0
                        ? Optional.empty()
                        : Optional.of(new Times(
                                Integer.toUnsignedLong(packet.number()), Integer.toUnsignedLong(packet.number()))));
    }

    /** For something that is made anew; the system takes away what its umask does. */
    FileAttribute<?>[] atCreation() {
        return permissions
                .map(mode -> new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(rights(mode))})
                .orElseGet(() -> new FileAttribute<?>[0]);
    }

    /** Read, write and execute of owner, group and others; no other bit is ever set for a client. */
    private static Set<PosixFilePermission> rights(int mode) {
        Set<PosixFilePermission> rights = EnumSet.noneOf(PosixFilePermission.class);
        for (int bit = 0; bit < BITS.length; bit++) {
            if ((mode >> bit & 1) != 0) {
                rights.add(BITS[bit]);
            }
        }
        return rights;
    }

    /**
     * Gives them to what is there.
     *
     * @throws Refusal before anything is changed, when one of them cannot be had
     */
    void apply(PathHandle file) throws Refusal, IOException {
        Attributes now = Attributes.of(file, true);
        if (owner.isPresent() && !owner.get().equals(new Owner(now.uid(), now.gid()))) {
            throw new Refusal(Status.PERMISSION_DENIED, "files stay their owner's");
        }
        if (size.isPresent()) {
            if (!now.isFile() || size.get() < 0) {
                throw new Refusal(Status.FAILURE, "only a file has a size, which is not negative");
            }
            file.truncate(size.get());
        }
        if (permissions.isPresent()) {
            Files.setPosixFilePermissions(file.path(), rights(permissions.get()));
        }
        if (times.isPresent()) {
            Files.getFileAttributeView(file.path(), BasicFileAttributeView.class)
                    .setTimes(
                            FileTime.from(times.get().modified(), TimeUnit.SECONDS),
                            FileTime.from(times.get().accessed(), TimeUnit.SECONDS),
                            null);
        }
    }
}
