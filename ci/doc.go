// SPDX-License-Identifier: GPL-2.0-or-later

// Package ci tests the scripts beside it, most with the build tag integration.
package ci
