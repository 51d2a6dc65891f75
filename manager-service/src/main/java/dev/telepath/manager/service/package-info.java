/**
 * The gRPC services: thin, one class for each group of methods.
 */
@NullMarked
package dev.telepath.manager.service;

import org.jspecify.annotations.NullMarked;
