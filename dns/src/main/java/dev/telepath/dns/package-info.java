/**
 * DNS as all three programs need it: names, records and messages as bytes, the name servers of a machine and how they are asked.
 */
@NullMarked
package dev.telepath.dns;

import org.jspecify.annotations.NullMarked;
